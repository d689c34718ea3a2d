"""Italian."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:articolo |testo |scritto |pubblicato |servizio |foto )?(?:di|da|a cura di)|dal nostro (?:inviato|corrispondente)|redazione
    """,
    line=r"""
        pubblicità|annuncio|\d* ?commenti?|(?:lascia|scrivi|aggiungi) un commento|condividi(?: .{0,30})?|stampa|salva|ascolta(?: (?:l'articolo|la notizia))?|leggi (?:anche|tutto|di più|l'articolo(?: completo)?|altro)|continua a leggere|approfondisci|per approfondire|guarda (?:anche|il video)|vedi anche|articoli? correlati?|notizie correlate|correlati|ti potrebbe(?:ro)? interessare(?: anche)?|potrebbe interessarti(?: anche)?|i più letti|le più lette|altre notizie|argomenti|tag|abbonati(?: (?:ora|subito))?|iscriviti(?: (?:ora|subito|alla newsletter))?|accedi|registrati|sostienici|dona(?: ora)?|newsletter|video|foto|fotogallery|in diretta|ultim'ora|riproduzione riservata|contenuto riservato agli abbonati|accetta(?: tutti)?|cookie policy|privacy(?: policy)?|(?:tempo di )?lettura.{0,24}|\d+ min(?:uti)?(?: di lettura)?
    """,
    opens=r"""
        (?:leggi (?:anche|tutto|di più)|guarda (?:anche|il video)|vedi anche|approfondisci|per approfondire|approfondimento|articoli? correlati?|ti potrebbe(?:ro)? interessare(?: anche)?|potrebbe interessarti(?: anche)?|ascolta|video|podcast|altro su .{2,40})\s?[:>|]|leggi anche\b|ti potrebbe interessare\b
        (?:foto|immagine|immagini|crediti|credits?|fotografia|illustrazione|video|grafica|foto d'archivio|foto di repertorio|fonte foto)\s?[:/©]|foto (?:d'archivio|di repertorio)\b
        (?:fonte|fonti|tag|argomenti|categori[ae]|sezione|contatti|archiviato in|parole chiave|pubblicato in)\s?:
        (?:seguici|segui|segui anche)\b.{0,60}(?:su|sui|sul)\b|iscriviti\b|iscrivetevi\b|abbonati (?:ora|subito|a\b|per|qui|e\b)|abbonatevi\b|ricevi\b|ricevete\b|scarica (?:la|l'|gratis|ora)|clicca (?:qui|su)|condividi\b|sostieni(?:ci)?\b|fai una donazione|diventa (?:socio|abbonato|sostenitore|membro)|unisciti\b|non perder(?:e|ti)\b|resta (?:aggiornato|informato)|rimani (?:aggiornato|informato)|ti è piaciuto|se ti è piaciuto|vuoi (?:ricevere|leggere|sostenere|saperne)|hai (?:una segnalazione|domande)|scrivici\b|per (?:continuare a leggere|leggere tutto)|entra nel (?:nostro )?canale
        (?:utilizziamo|usiamo|questo sito (?:usa|utilizza))\b.{0,30}\bcookie|(?:continuando|proseguendo|cliccando|iscrivendoti)\b.{0,80}|tutti i diritti (?:sono )?riservati|©? ?riproduzione riservata|questo (?:articolo|contenuto|testo) (?:è|è stato) (?:riservato|pubblicato|originariamente|apparso|tratto)|attiva (?:javascript|i cookie)
    """,
    head=r"""
        (?:ultimo )?(?:aggiornat[oa]|pubblicat[oa]|aggiornamento|modificat[oa]|data|creato)(?: il| alle| alle ore|:)? ?[:\-–]?\s?(?:\w+,? |il )?(?:\d|gen|feb|mar|apr|mag|giu|lug|ago|set|ott|nov|dic|oggi|ieri)
        (?:\d+|una?|due|tre) (?:minut[oi]|or[ae]|giorn[oi]|settiman[ae]) fa
    """,
    foot=r"""
        \b(?:ha|hanno) (?:collaborato|contribuito) (?:a|all'|alla|al) (?:quest\w+|articolo|servizio|realizzazione)|\btutti i diritti (?:sono )?riservati|^©|\briproduzione (?:riservata|vietata)|\bquesto (?:articolo|testo|contenuto) (?:è|è stato) (?:\w+ )?(?:pubblicato|tradotto|aggiornato|apparso|tratto|uscito)|^fonti?\W
        \b(?:giornalismo|informazione) (?:\w+ )?(?:indipendente|di qualità|libero|libera|serio|locale)\b.{0,90}\b(?:mai|sosteg\w*|sosten\w*|bisogno|possibile|costa|aiut\w*|lettori|te|voi)\b|\b(?:sostieni|sostenere|sostenete|aiutaci)\b.{0,60}\b(?:giornalismo|redazione|indipendenza|informazione)\b|\b(?:il tuo|la tua|il vostro) (?:sostegno|donazione|abbonamento|contributo) (?:\w+ )?(?:ci|è|aiuta|permette|conta)|\bnella tua (?:casella|mail|posta)
    """,
    ask=r"""
        (?:e |per favore,? )?(?:iscriv|abbon|segui|sosten|sostieni|aiut|dona|fai|ricev|scaric|clicc|condivid|diventa|unisci|non perder|resta|rimani|visita|ascolta|leggi|per |se (?:ti|vuoi|sei|vi)|grazie a|con il tuo|in tempi|in un'epoca|ogni (?:giorno|mattina|settimana)|mai come|oggi più che mai|il giornalismo)
    """,
    topic=r"""
        \b(?:abbon\w+|iscri\w+|newsletter|giornalismo|redazione|soci|socio|membro|donazion[ei]|podcast|la nostra app|l'app|notifiche|twitter|facebook|instagram|whatsapp|telegram|cookie|casella|e-?mail|nostro sito|nostr[oaie] (?:giornalisti|lavoro|canale|canali|social|contenuti|inchieste))\b
    """,
    you=r"\b(?:tu|tuo|tua|tuoi|tue|ti|te|voi|vostro|vostra|vi|lettori)\b|(?:viti|itevi)\b",
    us=r"\b(?:ci|nostr[oaie]|noi)\b|(?:eguici|tienici|utaci|rivici)\b",
    dates="""
        gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre gen feb mar apr mag giu
        lug ago set ott nov dic lunedì martedì mercoledì giovedì venerdì sabato domenica alle ore il del pubblicato aggiornato
        e minuti fa
    """,
)
