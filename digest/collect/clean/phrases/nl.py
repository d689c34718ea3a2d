"""Dutch."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:tekst |geschreven |door|gepubliceerd |foto's? )?(?:door|van (?:onze|een) (?:\w+ )?(?:redacteur|redactrice|verslaggever|verslaggeefster|correspondent))|redactie|tekst:
    """,
    line=r"""
        advertentie|reclame|\d* ?reacties?|(?:plaats|geef|laat) (?:een|je|uw) reactie(?: achter)?|delen(?: .{0,30})?|deel (?:dit|op|via) .{0,30}|print(?:en)?|bewaar|bewaren|luister(?: naar dit artikel)?|lees (?:ook|meer|verder|hier)|(?:bekijk|meer) (?:ook|meer)|meer (?:over .{2,40}|nieuws|lezen|artikelen)|gerelateerd(?:e artikelen)?|verwante artikelen|aanbevolen|misschien ook interessant|best gelezen|meest gelezen|zie ook|onderwerpen|tags|abonneer(?: (?:nu|je))?|word (?:abonnee|lid)|meld je aan|aanmelden|inloggen|registreren|doneer(?: nu)?|steun ons|nieuwsbrief|nieuwsbrieven|video|foto|foto's|live|alleen voor abonnees|alles accepteren|cookie-?instellingen|privacy(?:beleid)?|lees(?:tijd|duur).{0,24}|(?:circa |ca\. )?\d+ min(?:uten|uut|\.)?(?: leestijd| lezen)?
    """,
    opens=r"""
        (?:lees (?:ook|meer|verder|hier)|bekijk (?:ook|hier|de)|zie ook|luister (?:ook|hier)|meer over .{2,40}|meer lezen|gerelateerd|verder lezen|kijk ook|podcast|video)\s?[:>|]|lees ook\b|lees hier\b|lees meer over\b
        (?:foto|foto's|beeld|beelden|fotografie|afbeelding|illustratie|video|graphic|archieffoto|stockfoto)\s?[:/©]|archieffoto\b|(?:beeld|foto) (?:anp|afp|epa|reuters|getty|ap|hollandse hoogte|belga)\b
        (?:bron|bronnen|tags|onderwerpen|categorie|categorieën|rubriek|contact|trefwoorden|geplaatst in|met medewerking van)\s?:
        volg (?:ons|de|het|@|\w+ op)\b|abonneer (?:je|u)\b|schrijf (?:je|u) in|meld (?:je|u) (?:nu |hier )?aan|ontvang\b|download (?:onze|de|gratis)|klik (?:hier|op)|deel (?:dit|deze|je)\b|steun\b.{0,60}(?:journalistiek|ons|redactie|krant)|doneer\b|word (?:abonnee|lid|donateur|vriend)|mis (?:niets|geen|nooit)|blijf (?:op de hoogte|geïnformeerd)|wil(?:t)? (?:je|u)\b.{0,80}\?|heb(?:t)? (?:je|u) (?:een tip|tips|vragen|nieuws)|heeft u (?:een tip|tips|vragen)|tip de redactie|mail naar|reageren\?|om (?:verder te lezen|dit artikel)|wat vind (?:je|jij)|stuur (?:ons|je)
        (?:wij|we|deze (?:web)?site) (?:gebruiken|gebruikt|maken|maakt)\b.{0,30}\bcookies|door (?:verder te|op|je|u|gebruik)\b.{0,60}\b(?:ga|gaat|accepteer|akkoord|stem)|alle rechten voorbehouden|auteursrecht|op dit artikel|dit (?:artikel|bericht|stuk) (?:is|verscheen|werd) (?:eerder|alleen|geschreven|verschenen|gepubliceerd|oorspronkelijk)|om deze inhoud
    """,
    head=r"""
        (?:laatst |laatste )?(?:bijgewerkt|gepubliceerd|geplaatst|update|gewijzigd|datum|aangepast)(?: op| om|:)? ?[:\-–]?\s?(?:\w+dag,? |op )?(?:\d|jan|feb|mrt|maart|apr|mei|jun|jul|aug|sep|okt|nov|dec|vandaag|gisteren)
        (?:\d+|een|twee|drie) (?:minuten|minuut|uur|uren|dagen|dag|weken) geleden
    """,
    foot=r"""
        \bmet medewerking van\b|\b(?:droeg|droegen|werkte|werkten) (?:ook )?(?:bij|mee) aan dit (?:artikel|verhaal|stuk)|\bmedewerking (?:van|:)|\balle rechten voorbehouden|^©|\bdit (?:artikel|bericht|stuk|verhaal) (?:is|verscheen|werd) (?:\w+ ){0,3}(?:gepubliceerd|verschenen|verscheen|vertaald|bijgewerkt|eerder|oorspronkelijk)|^bron(?:nen)?\W
        \b(?:onafhankelijke|goede|vrije|kritische|betrouwbare|kwaliteits) ?journalistiek\b.{0,90}\b(?:belangrijk\w*|nodig|kost|ooit|steun\w*|mogelijk|lezers|jou|u)\b|\bsteun\w*\b.{0,60}\b(?:journalistiek|redactie|onafhankelijk\w*)\b|\b(?:jouw|uw|je) (?:steun|donatie|abonnement|bijdrage) (?:\w+ )?(?:helpt|maakt|is|telt)|\bin (?:je|uw|jouw) (?:inbox|mailbox|mail)\b
    """,
    ask=r"""
        (?:en )?(?:abonneer|schrijf|meld|volg|steun|help|doneer|word|ontvang|download|klik|deel|mis |blijf|bezoek|luister|bekijk|lees|wil|met (?:jouw|uw|je)|als (?:je|u)|om |dankzij|juist (?:nu|in)|in (?:tijden|een tijd)|elke (?:dag|ochtend|week)|iedere (?:dag|ochtend|week)|meer dan ooit)
    """,
    topic=r"""
        \b(?:abonne\w+|nieuwsbrie\w+|journalistiek|redactie|lid|leden|lidmaatschap|donat\w+|doneer|doneren|podcast|onze app|de app|meldingen|twitter|facebook|instagram|whatsapp|telegram|cookies?|inbox|mailbox|onze (?:site|website|journalisten|verhalen|artikelen|krant))\b
    """,
    you=r"\b(?:je|jij|jou|jouw|u|uw|lezers|jullie)\b",
    us=r"\b(?:ons|onze|wij|we)\b",
    dates="""
        januari februari maart april mei juni juli augustus september oktober november december jan feb mrt apr jun jul aug
        sep sept okt nov dec maandag dinsdag woensdag donderdag vrijdag zaterdag zondag ma di wo do vr za zo uur om op
        bijgewerkt gepubliceerd laatst geleden minuten uren
    """,
)
