"""French."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:article |texte |propos recueillis |publié |écrit |rédigé |photos? |vidéo )?par|de notre (?:correspondante?|envoyée?(?: spéciale?)?)
    """,
    line=r"""
        publicité|\d* ?commentaires?|(?:ajouter|laisser|poster) un commentaire|partager(?: (?:cet article|sur .{2,30}))?|imprimer|enregistrer|écouter(?: cet article)?|lire (?:aussi|plus|la suite|plus tard|également|l'article)|la suite après (?:la|cette) publicité|à lire(?: aussi| également)?|voir (?:aussi|plus|tous les articles)|sur le même (?:sujet|thème)|à voir aussi|en savoir plus|plus d'(?:infos?|articles)|les plus lus|articles? (?:liés?|associés?|similaires|suivant|précédent)|à la une|(?:s'abonner|je m'abonne|abonnez-vous|s'inscrire|je m'inscris|se connecter|connectez-vous)(?: (?:maintenant|ici|à la newsletter))?|faire un don|newsletters?|mots[- ]clés|thèmes?|vidéo|photos?|réservé aux abonnés|article réservé aux abonnés|tout accepter|continuer sans accepter|gérer mes cookies|(?:temps de )?lecture.{0,24}|\d+ min(?:utes?)?(?: de lecture)?
    """,
    opens=r"""
        (?:lire (?:aussi|également|plus|la suite|notre .{2,40})|à lire(?: aussi| également)?|voir (?:aussi|également)|à voir(?: aussi)?|pour aller plus loin|sur le même (?:sujet|thème)|en savoir plus|relire|notre (?:dossier|vidéo|podcast)|en images|en vidéo|vidéo|podcast|écouter|newsletter|décryptage aussi)\s?[:>|]|lire aussi\b|à lire aussi\b|lire également\b
        (?:photos?|crédits?(?: photos?)?|image|images|illustration|vidéo|infographie|légende|photo d'archives|photo d'illustration)\s?[:/©]|photo (?:d'illustration|d'archives)\b
        (?:sources?|mots[- ]clés|tags|thèmes?|catégories?|rubriques?|contact(?: presse)?|avec|publié dans|classé sous)\s?:
        (?:suivez|rejoignez|retrouvez)[- ](?:nous|notre|nos|toute l'actualité|l'actualité|le direct)|abonnez[- ]vous|inscrivez[- ]vous|recevez\b|téléchargez (?:notre|l'appli)|cliquez (?:ici|sur)|partagez (?:cet|votre|sur)|soutenez|faites un don|devenez (?:membre|abonné|adhérent)|n'hésitez pas à|vous (?:souhaitez|avez|voulez|aimez|appréciez) (?:aimé|réagir|recevoir|lire|cet article|nous|une (?:info|question))|pour (?:lire la suite|recevoir (?:notre|nos|la newsletter)|ne rien (?:rater|manquer)|continuer (?:à|votre))|ne (?:ratez|manquez) (?:rien|plus|pas)|restez (?:informé|connecté)|tous droits (?:réservés|de reproduction)|reproduction interdite|il vous reste \d+|la suite est réservée
        (?:nous utilisons|ce site utilise|nous et nos partenaires)\b|en (?:poursuivant|continuant|cliquant|vous (?:inscrivant|abonnant))\b|en validant|veuillez (?:activer|autoriser|accepter)|cet article (?:est|a été|vous est) (?:réservé|publié|initialement|paru|proposé)|votre adresse e-?mail|droits? de reproduction
    """,
    head=r"""
        (?:publié|mis à jour|modifié|posté|créé|actualisé|mise à jour|publication|date)(?: le| à| il y a|:)? ?[:\-–]?\s?(?:\w+di,? |le )?(?:\d|janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc|hier|aujourd'hui)
        il y a (?:\d+|une?|deux|trois) (?:minutes?|heures?|jours?|semaines?)
    """,
    foot=r"""
        \bavec (?:l')?(?:afp|reuters|ap|agences?|ats|belga)\b\W*$|\b(?:ont|a) (?:également )?(?:contribué|participé) à (?:cet article|ce reportage|cette enquête)|\btous droits (?:réservés|de reproduction)|^©|\breproduction interdite|\bcet article (?:est|a été) (?:\w+ )?(?:publié|paru|traduit|mis à jour|initialement|extrait|republié)|^sources?\W
        \b(?:presse|information|journalisme|média|rédaction) (?:\w+ )?(?:indépendante?|libre|de qualité|de confiance)\b.{0,90}\b(?:besoin|soutien|soutenir|soutenez|essentiel\w*|jamais|coût\w*|possible|vous|lecteurs|dons?)\b|\b(?:soutenez|soutenir)\b.{0,60}\b(?:journalisme|média|rédaction|presse|indépendance)\b|\bvotre (?:soutien|don|abonnement) (?:nous |est |permet|aide|compte)|\bdons?\b.{0,40}\b(?:défiscalis|déductible)|\bdans votre (?:boîte|messagerie)\b|\bl'essentiel de l'actu
    """,
    ask=r"""
        (?:et |alors )?(?:abonnez|inscrivez|suivez|rejoignez|retrouvez|recevez|soutenez|faites|devenez|téléchargez|partagez|cliquez|aidez|donnez|participez|découvrez|profitez|restez|ne (?:ratez|manquez)|pour |si vous|vous |grâce à|en (?:vous|ces temps|cette période)|chaque (?:jour|matin|semaine|soir)|à l'heure|plus que jamais)
    """,
    topic=r"""
        \b(?:abonn\w+|newsletter|infolettre|journalisme|rédaction|membre|don|dons|donateurs?|podcast|notre appli\w*|l'application|alertes|twitter|facebook|instagram|whatsapp|telegram|cookies?|boîte (?:mail|de réception|aux lettres)|notre site|notre indépendance|nos (?:journalistes|articles|contenus|enquêtes)|presse (?:libre|indépendante))\b
    """,
    you=r"\b(?:vous|votre|vos|tu|ton|ta|tes|lecteurs|lectrices)\b|-vous\b",
    us=r"\b(?:nous|notre|nos)\b",
    dates="""
        janvier février mars avril mai juin juillet août septembre octobre novembre décembre janv févr avr juil sept oct nov
        déc lundi mardi mercredi jeudi vendredi samedi dimanche le à h heures min publié mis jour et modifié il y a 1er
    """,
)
