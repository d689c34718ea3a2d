"""Spanish."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:texto |escrito |publicado |redactado |fotos? |informa |una información de |reportaje )?por|redacción
    """,
    line=r"""
        publicidad|anuncio|\d* ?comentarios?|(?:dejar?|deja|escribir?|añadir) un comentario|compartir(?: (?:en .{2,30}|esta noticia|este artículo))?|compartir|imprimir|guardar|escuchar(?: (?:la noticia|este artículo))?|leer (?:más|también|artículo completo)|lee (?:más|también)|lea (?:más|también)|ver (?:más|también|comentarios)|seguir leyendo|continuar leyendo|más (?:información|noticias|sobre .{2,40}|leído|leídas)|lo más (?:leído|visto|popular)|te puede interesar|también te puede interesar|le puede interesar|quizás te interese|noticias? relacionadas?|artículos? relacionados?|temas(?: relacionados)?|etiquetas|relacionados?|suscr[ií]bete(?: (?:ahora|aquí|gratis))?|suscribirse|regístrate|iniciar sesión|apóyanos|haz una donación|newsletters?|boletín|boletines|vídeo|video|fotogalería|foto|fotos|en directo|última hora|exclusivo para suscriptores|contenido exclusivo|aceptar(?: todas?)?|configurar cookies|política de (?:cookies|privacidad)|(?:tiempo de )?lectura.{0,24}|\d+ min(?:utos?)?(?: de lectura)?
    """,
    opens=r"""
        (?:le[ea]r?|lea|mira|vea|ver|consulta|escucha)? ?(?:más información|también|además|más|te puede interesar|también te puede interesar|noticias? relacionadas?|artículos? relacionados?|le puede interesar|te recomendamos|en vídeo|en video|en imágenes|ver también|mira también|más sobre .{2,40})\s?[:>|]|(?:lee|lea|leer|mira|vea) también\b|te puede interesar\b|le puede interesar\b|más información en\b
        (?:fotos?|imagen|imágenes|crédito|créditos|fotografía|ilustración|vídeo|video|infografía|foto de archivo|foto cortesía)(?: de)?\s?[:/©]|foto de archivo\b
        (?:fuente|fuentes|etiquetas|temas|tags|categorías?|sección|archivado en|contacto|con información de|palabras clave|publicado en)\s?:
        síguenos|síganos|sig[ua]e? (?:nuestr\w+|toda la información|las noticias de|el canal|a \w+ en (?:twitter|facebook|x\b|instagram))\b|suscr[ií]bete|suscr[ií]base|reg[ií]strate|apúntate|recib[ea]\b.{0,80}\b(?:correo|newsletter|bolet[ií]n|móvil|whatsapp|bandeja|alertas)\b|descarga (?:nuestra|la|gratis)|haz clic|haga clic|pincha (?:aquí|en)|comparte (?:esta|este|en|tu)|apoya (?:nuestr|el periodismo)|apóyanos|haz(?:te)? (?:socio|una donación|un donativo|miembro)|hazte\b|únete (?:a|al|gratis)|dona (?:aquí|ahora|hoy)|no te (?:pierdas|lo pierdas)|mantente (?:informado|al día)|si te ha gustado|si quieres (?:recibir|seguir|leer|apoyar|más)|para (?:seguir leyendo|continuar leyendo)|¿(?:quieres|tienes|te ha gustado|te gustó|has visto|quiere|tiene)\b|queremos saber|envíanos
        (?:utilizamos|usamos|este sitio (?:web )?(?:usa|utiliza)|esta (?:web|página) (?:usa|utiliza))\b.{0,30}\bcookies|al (?:continuar|hacer clic|navegar|suscribir\w*|registrar\w*)\b|todos los derechos (?:reservados|de)|prohibida (?:su|la) reproducción|quedan (?:reservados|prohibida)|este (?:artículo|contenido|texto) (?:es|fue|se|está|ha sido) (?:exclusivo|publicado|originalmente|para suscriptores)|por favor,? (?:active|activa|acepta)
    """,
    head=r"""
        (?:última )?(?:actualizad[oa]|publicad[oa]|actualización|creado|modificad[oa]|fecha|act\.)(?: el| a las|:)? ?[:\-–]?\s?(?:\w+,? |el )?(?:\d|ene|feb|mar|abr|may|jun|jul|ago|sep|oct|nov|dic|hoy|ayer|hace)
        hace (?:\d+|una?|dos|tres) (?:minutos?|horas?|días?|semanas?)
    """,
    foot=r"""
        \bcon (?:información|datos) de (?:la |el )?(?:afp|efe|reuters|ap|europa press|agencias|notimex)|\b(?:ha |han )?(?:contribuid[oa]|contribuy(?:ó|eron)|colaborad[oa]|colabor(?:ó|aron)) (?:en|a|con) (?:est[ea]|el) (?:reportaje|artículo|informe|texto|nota|información)|\btodos los derechos reservados|^©|\bprohibida (?:su|la) reproducción|\beste (?:artículo|texto|reportaje|contenido) (?:fue|se|ha sido|es) (?:\w+ )?(?:publicad[oa]|publicó|traducid[oa]|actualizad[oa]|originalmente)|^fuentes?\W
        \bperiodismo (?:\w+ )?(?:independiente|de calidad|libre|riguroso|serio|honesto|local)\b.{0,90}\b(?:nunca|apoy\w*|necesit\w*|posible|cuesta|ayuda\w*|depende\w*|ti|tu|lectores)\b|\b(?:apoya|apoye|apoyar|ayúdanos|sostener)\b.{0,60}\b(?:periodismo|redacción|medio independiente)\b|\btu (?:apoyo|donación|suscripción|aportación|aporte) (?:\w+ )?(?:nos|hace|ayuda|permite|es|cuenta)|\ben tu (?:correo|bandeja|buzón|móvil|celular)\b
    """,
    ask=r"""
        (?:y |por favor,? )?(?:suscr[ií]b|reg[ií]str|s[ií]gue|siga|síga|apoy|apóy|ayúda|únete|dona|haz|recib|descarg|comparte|pincha|apúnta|no te pierdas|mantente|visita|escucha|mira|lee|para |si (?:te|quieres|usted|le|eres)|gracias a|con tu|con su|en (?:tiempos|estos tiempos|una época)|cada (?:día|mañana|semana)|hoy más que nunca|ahora más que nunca|el periodismo)
    """,
    topic=r"""
        \b(?:suscri\w+|newsletters?|bolet[ií]n(?:es)?|periodismo|redacción|socios?|miembros?|donaci[oó]n(?:es)?|donativos?|dona|podcast|nuestra app|la app|aplicación|alertas|twitter|facebook|instagram|whatsapp|telegram|cookies?|correo|bandeja|nuestra (?:web|página)|nuestr[oa]s? (?:periodistas|cobertura|trabajo|canal|redes|contenidos?))\b
    """,
    you=r"\b(?:tú|tu|tus|te|ti|usted|ustedes|su|sus|le|les|lectores)\b|(?:bete|rate|nete|noslo|base)\b",
    us=r"\b(?:nos|nuestr[oa]s?|nosotros)\b|(?:danos|yanos|guenos)\b",
    dates="""
        enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre ene feb mar abr
        may jun jul ago sep sept oct nov dic lunes martes miércoles jueves viernes sábado domingo de del a las el h hs horas
        cet cest publicado actualizado actualizada y hace minutos
    """,
)
