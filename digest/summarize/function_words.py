"""Function words of languages for which sumy ships no stop words, in lower case; short lists, written by hand."""

FUNCTION_WORDS: dict[str, str] = {
    "nl": """
        de het een en van in op te dat die is was zijn waren ik je jij u hij zij ze wij we het er aan met voor
        door om naar bij uit over tot als dan maar of ook niet geen wel nog al zo zou zal zullen wordt werd
        worden hebben heeft had hadden kan kunnen moet dit deze hun haar hem wat wie waar toen na tegen onder
        omdat
    """,
    "da": """
        den det de en et og i på at af til for med er var som han hun vi jeg du man om fra ved ikke har havde
        vil kan skal blev bliver der dette disse men eller så også når efter over under sig sin sit sine hans
        hendes deres været mod nu end
    """,
    "no": """
        den det de en et ei og i på at av til for med er var som han hun vi jeg du man om fra ved ikke har
        hadde vil kan skal ble blir der dette disse men eller så også når etter over under seg sin sitt sine
        hans hennes deres vært mot nå enn
    """,
    "fi": """
        ja on ei se hän ne he me te minä sinä että joka jotka mutta tai kun niin kuin myös oli olivat ovat ole
        ollut olla mukaan sekä jos sen hänen heidän tämä tämän nämä jo vain vielä kanssa jälkeen ennen mitä
        mikä kuka
    """,
    "ru": """
        и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее её мне было
        вот от меня еще ещё нет о об из ему теперь когда даже ну ли если уже или ни быть был него до вас они
        тут где есть для мы их чем была чтоб без будто чего тоже себя под будет при это этот эта эти этом того
        также который которая которые после однако
    """,
    "ro": """
        și în la de a al ale cu pe din că nu o un una este sunt era fi fost care pentru ca mai sau dar după
        prin se sa său ei el ea lui lor iar dacă ce cum când până fără despre între
    """,
    "hu": """
        a az és is hogy nem ez ezt azt egy van volt lesz mint de ha vagy csak már még meg el ki be fel le aki
        ami amely amelyek szerint után előtt között majd így úgy pedig illetve
    """,
    "tr": """
        ve bir bu da de için ile olarak olan çok daha en o ne gibi kadar sonra ama ancak ya veya ki mi mı ise
        her hem değil var yok tarafından göre oldu olduğunu dedi etti şu onun
    """,
    "hi": """
        के का की में है हैं से को और पर ने कि यह वह इस उस एक था थी थे हो कर लिए भी नहीं तो जो या साथ गया गई गए
        अपने अपनी किया बाद तक कहा रहा रही रहे होने
    """,
    "id": """
        yang dan di ke dari untuk pada dengan ini itu adalah dalam tidak akan juga oleh sebagai atau telah
        sudah bisa ada mereka kami kita saya dia ia para karena bahwa saat setelah lebih
    """,
    "ca": """
        el la els les un una i de del dels a al als en que per amb és són ha han va no es se seu seva com més
        o però també quan entre sobre fins aquest aquesta
    """,
    "fa": """
        و در به از که این را با است برای آن یک خود تا بر هم نیز شد شده بود کرد کرده می های ها او ما وی اما یا
    """,
    "bg": """
        и в на да се с от за е не че по са като до това след който която които но или при тя той те ще бе беше
        към си му му ѝ им
    """,
    "vi": """
        và của là có cho trong với được các một những này đã không người khi từ đến tại về ra theo vào để cũng
    """,
}
