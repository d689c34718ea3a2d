"""What a full stop does not end: abbreviations by language, in lower case and without their last stop.

`TITLES` are never the end of a sentence (a name follows); `NUMERIC` are not where a number follows ("No. 5",
"Nov. 23"); `ENDERS` may be: the sentence ends there where a word follows that opens sentences (`STARTERS`). Gathered
by hand; a single letter and chains such as `U.S` need no entry.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHARED = _words("dr prof mr mrs ms st gen col maj capt lt sgt vs cf al")

NUMERIC = _words(
    """no nr nos n nº n° núm núms num č čj pp p pg pag pagg pág págs pàg s str. vol bd bd. band kap cap chap fig abb ryc
    rys rycina рис art arts artt abs abschn § par tel tél ca approx aprox circa ungefähr est gegr max min op ed éd hab
    jan janv febr feb fev févr mrz mär mar apr abr avr may mei maj jun juin jul juil lug giu mag aug ago août avg
    sep sept set sett oct okt ott out nov dec dez dic déc des gen ene"""
)

TITLES: dict[str, frozenset[str]] = {
    "en": _words(
        """messrs mmes rev hon sen rep reps sens gov pres adm cmdr cpl pfc brig supt det insp amb atty pvt fr
        sr. mt ft pt viz ave blvd rd dept univ assn bros e.g i.e eg ie mon tue tues wed thu thur thurs fri"""
    ),
    "de": _words(
        """hr fr frl dipl ing mag hl str bzw ggf evtl vgl z.b u.a d.h bsp inkl exkl zzgl mio mrd tsd std sek jh jhd geb
        gest verh kath ev sog ehem phil rer med jur habil hrsg u.u s.o v.a i.d.r o.ä zb dt engl franz lat
        griech anm allg bes urspr mind st"""
    ),
    "fr": _words("""m mm mme mmes mlle mlles me mgr pr ste sts env p.ex cf av boul réf dir prés"""),
    "es": _words(
        """sr sra sres sras srta srtas dña d dra drs ud uds vd vds lic lcda ing arq gral cnel tte pdte pdta
        avda av c/ cía p.ej ej mons fdo dpto"""
    ),
    "it": _words(
        """sig sigg sig.ra sig.na dott dott.ssa avv on sen arch geom rag cav comm gen mons s.e ss n nn es p.es
        gen prof.ssa ecc."""
    ),
    "pt": _words(
        """sr sra srs sras srta d dra drs exmo exma ilmo eng engª arq av pça pç cia p.ex ex gen cel dep gov
        pres"""
    ),
    "nl": _words(
        """dhr mevr mw mej drs ir ing mr ds bijv bv o.a d.w.z m.n t.o.v i.p.v nl resp evt incl excl mln mld jl
        a.s mrt blz nrs ong"""
    ),
    "sv": _words("hr fr bl.a t.ex d.v.s dvs resp ev inkl exkl milj mdr s.k f.d"),
    "da": _words("hr fr bl.a f.eks d.v.s dvs evt inkl ekskl mio mia pga ift"),
    "no": _words("hr fr bl.a f.eks d.v.s dvs evt inkl ekskl mill mrd pga ift"),
    "fi": _words("esim ts ks mm tri toht prof huom vrt nk ns milj mrd klo puh"),
    "pl": _words("p prof dr inż mgr ks św ul al pl im np tzn tzw tj zob por godz tys mln mld r w ok gen płk kpt red"),
    "cs": _words("p pí ing mgr bc doc mudr judr phdr rndr sv ul nám tř tzv tj např popř resp mj tis mil mld hod"),
    "sk": _words("p pí ing mgr bc doc mudr judr phdr rndr sv ul nám tzv tj napr príp resp mj tis mil mld hod"),
    "ru": _words(
        "г гг в вв р руб коп тыс млн млрд им ул пр просп пл д кв корп стр т.е т.н т.д напр см ср гл акад проф д-р о обл"
    ),
    "uk": _words("ім о вул просп бул пров пл г р див п с м тис млн млрд грн т.е т.зв т.д напр гл акад проф обл"),
    "el": _words("π.χ κ κα κος δρ βλ δηλ λ.χ σελ κεφ τηλ αρ χμ χλμ χιλ εκατ μ.μ π.μ"),
    "ro": _words("dl d-na dna dlui alin str bl sc ap etc.m lei mil mld"),
    "hu": _words("pl ún kb stb.-k özv ifj id dr prof u köz ker sz szt"),
    "tr": _words("doç yrd av sn alb gen org cad sok mah apt bkz vb örn yy"),
    "ca": _words("sr sra srs dra av c/ dpt p.ex gen"),
    "id": _words("sdr yth jl hlm tgl bpk prof ir drs dra"),
}

ENDERS: dict[str, frozenset[str]] = {
    "en": _words("inc ltd co corp llc plc jr sr etc esq bros p.m a.m u.s u.k u.n e.u d.c ph.d"),
    "de": _words("usw etc u.s.w co inc ltd s.u o.g n.chr v.chr jr uhr"),
    "fr": _words("etc cie inc ltd jr j.-c apr"),
    "es": _words("etc ee.uu s.a cía inc ltd jr a.c d.c a.m p.m"),
    "it": _words("ecc etc s.p.a s.r.l inc ltd jr a.c d.c"),
    "pt": _words("etc s.a ltda inc cia jr a.c d.c"),
    "nl": _words("enz etc n.v b.v inc ltd jr"),
    "sv": _words("osv m.m m.fl o.s.v etc"),
    "da": _words("osv m.m m.fl o.s.v etc"),
    "no": _words("osv m.m m.fl o.s.v etc"),
    "fi": _words("jne yms ym"),
    "pl": _words("itd itp m.in"),
    "cs": _words("atd apod aj"),
    "sk": _words("atď apod"),
    "ru": _words("т.д т.п др пр г гг в вв руб коп тыс млн млрд р н.э"),
    "uk": _words("т.д т.п ін р рр ст грн тис млн млрд н.е"),
    "el": _words("κ.λπ κ.τ.λ κ.ά"),
    "hu": _words("stb"),
    "tr": _words("vs vb"),
}

STARTERS: dict[str, frozenset[str]] = {
    "en": _words(
        """the a an he she it they we i you this that these those there here but and in on at for with when while
        after before if as his her its their our my what who how why however meanwhile according one some many most
        no not since so then by to from all both now last"""
    ),
    "de": _words(
        """der die das ein eine er sie es wir ich ihr dieser diese dieses doch und aber in im am an auf für mit als
        während nach vor wenn seine ihre auch so dann zudem laut bei nun noch man was wer wie denn"""
    ),
    "fr": _words(
        """le la les l un une des il elle ils elles on nous je vous ce cette ces mais et en dans à au pour avec quand
        après avant si son sa ses leur selon pourtant cependant depuis"""
    ),
    "es": _words(
        """el la los las un una él ella ellos lo se este esta estos pero y en a al para con cuando tras antes si su sus
        según sin desde no también por"""
    ),
    "it": _words(
        """il lo la i gli le l un una egli lui lei loro questo questa ma e in a al per con quando dopo prima se suo sua
        secondo dal non anche nel nella"""
    ),
    "pt": _words(
        """o a os as um uma ele ela eles este esta mas e em no na ao para com quando após antes se seu sua segundo
        desde não também por"""
    ),
    "nl": _words(
        "de het een hij zij ze wij we ik dit dat deze maar en in op voor met toen na als zijn haar volgens ook er"
    ),
    "ru": _words("он она оно они мы я это в на с по и а но как также при после однако из для за все"),
    "uk": _words("він вона воно вони ми я це у в на з за і а але як також при після однак для про"),
    "pl": _words("to ten ta te on ona oni ono w we na z ze i a ale po do od nie jak gdy czy za dla jest są był była"),
    "cs": _words("to ten ta ti on ona oni v ve na s se z ze a i ale po do od jak když za pro je jsou byl byla podle"),
    "sk": _words("to ten tá tí on ona oni v vo na s so z zo a i ale po do od ako keď za pre je sú bol bola podľa"),
    "hu": _words("a az ez és de hogy nem egy ők mi én amikor után szerint már még most itt ott"),
    "fi": _words("se ne hän he me minä ja mutta kun jos tämä nämä siellä nyt sitten myös lisäksi"),
    "tr": _words("bu şu o ve ama ancak bir ben biz onlar daha sonra şimdi"),
    "sv": _words("den det en ett han hon de vi jag men och i på för med när efter enligt"),
    "da": _words("den det en et han hun de vi jeg men og i på for med da efter ifølge"),
    "no": _words("den det en et han hun de vi jeg men og i på for med da etter ifølge"),
}

# Languages that write the ordinal as a number and a stop: "am 3. Oktober", "3. lokakuuta".
ORDINAL = _words("de da no fi is et lv lt cs sk sl hr bs sr hu pl tr nb nn lb")


def titles(language: str) -> frozenset[str]:
    """The abbreviations of `language` (a two-letter code) that never end a sentence."""
    return _SHARED | TITLES.get(language, frozenset())


def enders(language: str) -> frozenset[str]:
    """The abbreviations of `language` that may end a sentence."""
    return ENDERS.get(language, frozenset())


def starters(language: str) -> frozenset[str]:
    """Words of `language`, in lower case, that open a sentence more often than they follow an abbreviation."""
    return STARTERS.get(language, frozenset())
