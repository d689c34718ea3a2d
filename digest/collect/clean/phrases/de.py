"""German."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:ein |eine )?(?:von|aus|(?:text|bericht|kommentar|analyse|interview|gastbeitrag|reportage|kolumne|protokoll|foto|fotos|video)(?: von)?:?)
    """,
    line=r"""
        anzeige|werbung|\d* ?kommentare?|kommentar (?:schreiben|verfassen)|(?:artikel |beitrag |seite )?(?:teilen|drucken|merken|versenden|kommentieren|speichern|vorlesen|anhören)|mehr(?: (?:zum thema|dazu|lesen|erfahren|anzeigen|aus .{2,30}))?|weiterlesen|weitere (?:artikel|nachrichten|meldungen|themen|informationen)|zum thema|themen|schlagw(?:ort|orte|örter)|lesen sie (?:auch|hier|mehr|weiter)|das könnte sie auch interessieren|auch interessant|meist ?gelesen|mehr zum thema|nächster artikel|zur startseite|startseite|newsletter|jetzt (?:abonnieren|anmelden|lesen|testen|spenden)|abonnieren|anmelden|registrieren|empfohlener (?:redaktioneller )?(?:inhalt|externer inhalt)|externer inhalt|stand|quelle|bild(?:er(?:strecke|galerie)?)?|video|audio|foto|alle akzeptieren|cookie-?einstellungen|datenschutz(?:erklärung)?|impressum|(?:ca\. )?\d+ min(?:uten|\.)?(?: lesezeit| lesedauer)?|lese(?:zeit|dauer).{0,24}
    """,
    opens=r"""
        (?:lesen sie (?:auch|hier|dazu|mehr)|lies auch|lesen sie jetzt|mehr (?:zum thema|dazu|lesen|infos?)|auch interessant|zum weiterlesen|siehe auch|lesetipp|passend dazu|hintergrund|zum thema|mehr zu .{2,40}|im video|podcast)\s?[:>|]
        (?:foto|fotos|bild|bilder|bildquelle|bildrechte|fotoquelle|grafik|video|symbolbild|archivbild|archivfoto|bildnachweis|titelbild|illustration|imago|picture alliance)\s?[:/©]|(?:symbolbild|archivbild|archivfoto)\b
        (?:quelle|quellen|mit material von|schlagwörter|schlagworte|tags|kategorie|kategorien|themen|redaktion|stand|autor|autorin|autoren|ressort|pressekontakt|kontakt)\s?:
        (?:folgen|folgt|abonnieren|abonniert) sie? ?(?:uns|unser|unsere|unseren|jetzt)\b|folgen sie|abonnieren sie|melden sie sich|jetzt (?:kostenlos |gratis |hier )?(?:abonnieren|anmelden|registrieren|testen|newsletter|herunterladen)|hier (?:geht es|geht's|klicken|können sie|anmelden|abonnieren|finden sie)|klicken sie|laden sie (?:unsere|die|sich)|teilen sie|schreiben sie uns|diskutieren sie|haben sie (?:fragen|hinweise|anregungen|einen fehler)|unterstützen sie|spenden sie|werden sie (?:mitglied|unterstützer|abonnent)|bleiben sie (?:informiert|auf dem laufenden)|verpassen sie|sie (?:möchten|wollen) (?:mehr (?:lesen|erfahren)|keine (?:news|nachricht|meldung|folge|ausgabe)\w*|unsere|unseren|den newsletter)|ihnen gefällt
        wir (?:verwenden|nutzen|setzen) (?:auf )?cookies|diese (?:web)?seite (?:verwendet|nutzt|benutzt)|mit (?:der|dem) (?:nutzung|anmeldung|klick|bestellung)|ich bin damit einverstanden|bitte (?:aktivieren|deaktivieren|erlauben|melden) sie|an dieser stelle (?:finden|steht)|um (?:diesen|alle) (?:inhalt|artikel)|alle rechte vorbehalten|dieser (?:artikel|text|beitrag) (?:ist|erschien|wurde|stammt)|der inhalt (?:kann|konnte)|für sie (?:aktualisiert|getestet)|dieser browser
    """,
    head=r"""
        (?:zuletzt )?(?:aktualisiert|veröffentlicht|erstellt|stand|datum|publiziert|update|erschienen)(?: am| um|:)? ?[:\-–]?\s?(?:\w+tag,? |vor )?(?:\d|jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez|heute|gestern)
        vor (?:\d+|einer|einem|zwei|drei) (?:minuten?|stunden?|tag(?:en)?|wochen?)
    """,
    foot=r"""
        \b(?:mitarbeit|unter mitarbeit|mitgearbeitet|redaktionelle mitarbeit)\s?(?:von|:)|\bmit (?:material|informationen) (?:von|der|des)\b|\b(?:alle|sämtliche) rechte vorbehalten|^©|\bdieser (?:artikel|text|beitrag|bericht) (?:ist|erschien|wurde|stammt|entstand)\b.{0,100}\b(?:erschien|erstmals|veröffentlicht|zuerst|aktualisiert|übersetzt|ausgabe|gedruckt|redaktion)|^(?:quelle|stand)\W
        \b(?:unabhängige[nrms]?|kritische[nrms]?|freie[nrms]?|guter?|seriöse[nrms]?|qualitäts) ?journalismus\b.{0,90}\b(?:wichtig\w*|brauch\w*|kostet|denn je|unterstütz\w*|möglich|geld|finanzier\w*|leb\w*|spende\w*)\b|\bunterstütz\w*\b.{0,60}\b(?:unseren?|unabhängigen?|freien?|kritischen?) (?:journalismus|arbeit|redaktion)\b|\bihre (?:spende|unterstützung) (?:hilft|macht|ermöglicht|sichert|zählt)|\bin (?:ihr|ihrem|dein|deinem) (?:e-mail-)?postfach\b|\bkostenlos(?:en|er)? newsletter\b|\bnach(?:richten)? direkt aufs? (?:handy|smartphone)
        ^\(?(?:dpa|afp|ap|reuters|sid|epd|kna|apa|sda|rtr|mit material)(?:\W+(?:dpa|afp|ap|reuters|sid|epd|kna|apa|sda|rtr|[a-zäöüß]{2,5}))*\W*$
    """,
    ask=r"""
        (?:bitte |und )?(?:abonnier|meld|regist|folg|spend|unterstütz|hilf|helfen|lad|lesen sie|lies|teil|klick|bleib|besuch|verpass|hör|schau|jetzt|hier|mit (?:ihrem|ihrer|einem|unserem)|sie (?:wollen|möchten|haben)|wenn (?:sie|du|ihnen|dir)|um |damit|gerade (?:jetzt|in)|in zeiten|täglich|jeden (?:morgen|tag|abend))
    """,
    topic=r"""
        (?:abonn\w+|\babo\b|newsletter|journalismus|redaktion\b|mitglied\w*|spende\w*|podcast|unsere app|\bapp\b|push-nachricht|twitter|facebook|instagram|whatsapp|telegram|cookies?|postfach|unserer? (?:seite|website)|unsere (?:arbeit|recherchen|berichterstattung)|bezahlschranke|probeabo|digitalabo)
    """,
    you=r"\b(?:sie|ihr|ihre|ihren|ihrem|ihrer|ihnen|du|dein|deine|deinen|dir|dich|leser\w*|euch|eure)\b",
    us=r"\b(?:uns|unser|unsere|unseren|unserem|unserer|wir)\b",
    dates="""
        januar jänner februar märz april mai juni juli august september oktober november dezember jan feb mär mrz apr jun
        jul aug sep sept okt nov dez montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa
        so uhr am um den der vom zuletzt aktualisiert veröffentlicht stand vor stunden minuten tagen
    """,
)
