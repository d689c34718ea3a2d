"""Portuguese."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:texto |escrito |publicado |reportagem |fotos? |matéria )?por|da redação|redação|do (?:g1|uol|r7)
    """,
    line=r"""
        publicidade|anúncio|\d* ?comentários?|(?:deixe?|deixar?|escreva) (?:um|seu|o seu) comentário|compartilh(?:ar|e)(?: .{0,30})?|partilh(?:ar|e)(?: .{0,30})?|imprimir|salvar|ouvir(?: (?:o artigo|a notícia|matéria))?|(?:leia|ler|saiba|veja|ver|lê) (?:mais|também|a seguir)|continua (?:após|depois d)a publicidade|continue lendo|mais (?:lidas|lidos|notícias|sobre .{2,40})|as mais lidas|notícias relacionadas|artigos relacionados|relacionad[oa]s|veja também|assine(?: (?:já|agora|aqui))?|assinar|inscreva-se|cadastre-se|entrar|faça uma doação|newsletters?|tags|temas|tópicos|vídeo|fotos?|galeria|ao vivo|últimas notícias|exclusivo para assinantes|aceitar(?: todos)?|política de (?:cookies|privacidade)|(?:tempo de )?leitura.{0,24}|\d+ min(?:utos?)?(?: de leitura)?
    """,
    opens=r"""
        (?:leia (?:mais|também|ainda)|ler (?:mais|também)|saiba mais|veja (?:mais|também|ainda)|ver também|confira(?: também)?|assista(?: também)?|notícias? relacionadas?|relacionad[oa]s?|mais sobre .{2,40}|ouça|em vídeo|podcast)\s?[:>|]|leia também\b|veja também\b|leia mais\b|saiba mais (?:sobre|em|aqui)\b
        (?:fotos?|imagem|imagens|crédito|créditos|fotografia|ilustração|vídeo|arte|infográfico|foto de arquivo|foto ilustrativa)\s?[:/©]|foto de arquivo\b
        (?:fontes?|tags|temas|tópicos|categorias?|editoria|assuntos|contato|contacto|com informações (?:de|da|do)|edição|palavras-chave|publicado em)\s?:|com informações d[aeo]s?\b
        (?:siga|siga-nos|segue-nos|curta|acompanhe)\b.{0,60}(?:no|na|nas|nos|pelo|em)\b.{0,20}(?:twitter|facebook|instagram|whatsapp|telegram|youtube|google|redes|x\b|tiktok|linkedin)|inscreva-se|assine\b|subscreva\b|cadastre-se|receba\b|baixe (?:o|nosso)|clique (?:aqui|e|no|na|para)|compartilhe\b|partilhe\b|apoie\b|contribua\b|faça (?:uma doação|parte)|torne-se\b|junte-se\b|não perca\b|fique (?:por dentro|informado|a par)|gostou (?:da|do|desta|deste)|quer (?:receber|saber|ler|apoiar)|tem (?:alguma )?(?:sugestão|dúvida)|envie (?:sua|seu|a sua)|participe d|entre no (?:nosso )?(?:grupo|canal)|para (?:continuar lendo|ler a matéria)
        (?:utilizamos|usamos|este site (?:usa|utiliza)|o site utiliza)\b.{0,30}\bcookies|ao (?:continuar|clicar|navegar|assinar|se inscrever)\b|todos os direitos reservados|é proibida a reprodução|este (?:artigo|texto|conteúdo) (?:é|foi) (?:exclusivo|publicado|originalmente)|por favor,? (?:ative|aceite)
    """,
    head=r"""
        (?:última )?(?:atualizad[oa]|publicad[oa]|atualização|criado|modificad[oa]|data|postado|há)(?: em| às| no dia|:)? ?[:\-–]?\s?(?:\w+,? |em )?(?:\d|jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez|hoje|ontem)
        há (?:\d+|uma?|dois|duas|três) (?:minutos?|horas?|dias?|semanas?)
    """,
    foot=r"""
        \bcom (?:informações|dados|agência) (?:d[aeo]s? )?(?:afp|reuters|ap|efe|lusa|agência|estadão|folhapress|assessoria|g1|bbc)|\b(?:contribuiu|contribuíram|colaborou|colaboraram) (?:para|com|nesta|neste) |^colabor(?:ou|aram)\b|\btodos os direitos reservados|^©|\bproibida a reprodução|\best[ea] (?:artigo|texto|reportagem|conteúdo|matéria) (?:foi|é) (?:\w+ )?(?:publicad[oa]|traduzid[oa]|atualizad[oa]|originalmente)|^fontes?\W
        \bjornalismo (?:\w+ )?(?:independente|de qualidade|livre|sério|profissional|local)\b.{0,90}\b(?:nunca|apoi\w*|precis\w*|possível|custa|ajud\w*|depende\w*|você|leitores)\b|\b(?:apoie|apoiar|ajude|sustentar)\b.{0,60}\b(?:jornalismo|redação|independência)\b|\b(?:seu|sua|o seu|a sua) (?:apoio|doação|assinatura|contribuição) (?:\w+ )?(?:nos|faz|ajuda|permite|é|conta)|\b(?:no|na) seu (?:e-?mail|celular|telemóvel)|\bna sua caixa (?:de entrada|de correio)
    """,
    ask=r"""
        (?:e |por favor,? )?(?:assin|inscrev|subscrev|cadastr|sig|segu|apoi|ajud|doe|faça|receb|baix|clique|compartilh|partilh|junte|torne|particip|não perca|fique|acompanh|contribu|visit|ouça|confira|entre|para |se (?:você|gostou|quer|é)|graças a|com (?:seu|sua|o seu|a sua)|em tempos|num tempo|cada (?:dia|manhã|semana)|todos os dias|mais do que nunca|o jornalismo)
    """,
    topic=r"""
        \b(?:assin(?:e|ar|ante|antes|atura|aturas)|subscri\w+|subscrev\w+|newsletters?|boletim|jornalismo|redação|membro|doaç(?:ão|ões)|podcast|nosso app|aplicativo|aplicação|alertas|twitter|facebook|instagram|whatsapp|telegram|cookies?|e-?mail|caixa de (?:entrada|correio)|nosso site|noss[oa]s? (?:jornalistas|cobertura|trabalho|canal|canais|redes|conteúdos?|grupo))\b
    """,
    you=r"\b(?:você|vocês|seu|sua|seus|suas|te|teu|tua|leitores|leitor|lhe)\b|-se\b|\b(?:assine|apoie|receba|ajude|siga)\b",
    us=r"\b(?:nos|noss[oa]s?|nós)\b|-nos\b",
    dates="""
        janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro jan fev mar abr mai jun jul
        ago set out nov dez segunda-feira terça-feira quarta-feira quinta-feira sexta-feira segunda terça quarta quinta
        sexta sábado domingo de às as em h publicado atualizado atualizada e há minutos horas
    """,
)
