"""English, and what stands in English on pages of every language."""

from digest.collect.clean.phrases.shape import Phrases

PHRASES = Phrases(
    byline=r"""
        (?:story |words |text |report(?:ed)? |written |posted |published |article |photos? |video )?by
        from
    """,
    line=r"""
        advertise?ments?|advert|ad|sponsored(?: content)?|promoted|story continues below(?: advertisement)?
        article continues (?:below|after) (?:this |the )?(?:ad|advertisement)|continue reading(?: below)?|skip advertisement
        \d* ?comments?|leave a (?:comment|reply)|view comments|show comments|join the (?:conversation|discussion)|no comments(?: yet)?
        share(?: this)?(?: (?:article|story|post|page))?(?: (?:on|via|with) .{2,40})?|share (?:on|via) .{2,40}|tweet(?: this)?|pin it|e-?mail(?: this)?|print(?: this)?|copy link|whatsapp|facebook|twitter|linkedin
        (?:read|see|show|load|view|learn|find out) more|read (?:on|next|also|full (?:story|article))|more(?: (?:stories|news|from .{2,40}))?|more:|next(?: article| story)?|previous(?: article| story)?
        related(?: (?:stories|articles|content|posts?|topics|coverage|news|links))?|recommended(?: (?:stories|reading|for you))?|you may also like|you might also like|more to read|don't miss|top stories|trending(?: now)?|latest (?:news|stories)|editor'?s'? (?:picks?|choice)
        most (?:read|popular|viewed)(?: (?:in|on) .{2,30})?|what to read next|popular (?:now|stories)|also (?:read|see|on .{2,40})|up next|watch (?:next|now|live|this)|now playing|must[- ]reads?
        tags?|topics?|categor(?:y|ies)|filed under|follow(?: us)?|subscribe(?: (?:now|today|here))?|sign (?:up|in)(?: (?:now|today|here|for free))?|log ?in|register|donate(?: (?:now|today|here))?|support us|newsletters?|accept(?: all)?(?: cookies)?|reject(?: all)?|cookie (?:settings|policy|notice)|privacy policy|terms (?:of (?:use|service)|and conditions)
        (?:getty|ap|afp|reuters|epa|shutterstock|file|handout|archive)(?: images?)?(?: photos?)?|image (?:source|copyright|caption).{0,60}|media caption.{0,60}|loading\.*|play video|listen(?: to (?:this|the) article)?|audio|video|photos?|gallery|\d+ (?:of|/) \d+
        (?:[\w ]{1,24}: ?)?(?:https?://|www\.)\S+|(?:e-?mail: ?)?\S+@\S+\.\w+|(?:twitter|facebook|instagram|linkedin)\.com/\S+|(?-i:[\w' -]{0,30}Newsletters?)|.{10,160}\[(?-i:[A-Z ]{3,14})|.{5,300}\((?:(?:photo|image|picture|file)s? ?)?(?:credits?|courtesy|photo|image)\b[^()]{2,60}
        something to consider|tell us what you think|back to top|home ?page|breaking news|exclusive|opinion|analysis|live|staff(?: (?:writer|reporter))?|updated|published|this (?:story|article) (?:is|has been) (?:developing|updated).{0,60}
        \W*(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)[- ]min(?:ute)?s?(?: read(?:ing)?)?(?: time)?|(?:estimated )?read(?:ing)? time.{0,24}|time to read.{0,24}
    """,
    opens=r"""
        follow .{2,60}\bcoverage\b|sign up (?:for|to) .{0,80}\b(?:newsletters?|e-?mails?|alerts?|updates?|inbox|briefing|digest|daily|weekly|membership)\b|sign up (?:here|now|today|below)\b
        (?:read|see|learn|find out|discover) more(?: (?:at|about|on|from|in|here).{0,12})?\s?[:>|»]|read (?:also|next|on|this|the full .{1,30})\s?[:>|]|also read\s?[:>|]?|also on \w+\.\w+|see also\s?[:>|]|more on (?:this|.{2,40}):|related(?: (?:stor(?:y|ies)|articles?|posts?|content|coverage|news|links?|reading))?\s?[:>|]|recommended(?: reading)?\s?[:>|]|watch\s?:|listen\s?:|download\s?:|must read\s?:|in pictures\s?:|background\s?:|don't miss\b.{0,3}|more .{2,30}: https?:
        \(?(?:additional |further |with )?(?:reporting|writing|editing|compiled|edited|written) by (?-i:[A-Z]).{0,400}(?:;|,| and |edit|report|writ|\)|\.$)
        (?:photos?|pictures?|images?|credits?|photo credits?|photograph|picture credits?|image credits?|illustration|graphic|video|credit line|featured image|cover image|file photo)(?: (?:by|courtesy(?: of)?|via|credit|source|from|of))?\s?[:/©]
        (?:photo(?:graph)?s?|images?|illustration|graphic|video|pictures?) (?:by|courtesy(?: of)?|via) (?-i:[A-Z])
        (?:source|sources|via|h/t|hat tip|filed under|tags|tagged(?: (?:as|with|in|under))?|topics?|categor(?:y|ies)|keywords|posted in|section|published in|contact|media contact|disclaimer|disclosure)\s?:
        ©|\(c\)\s|copyright\b.{0,4}(?:©|\(c\)|\d{4})|copyright (?-i:[A-Z])[^.]{0,60}$|all rights reserved|this (?:material|content|copy|story|article) (?:may not be|is for your personal|was originally published|originally appeared|first appeared|is republished)
        (?:we|this (?:web)?site) uses? (?:essential |own |third[- ]party )?cookies|by (?:continuing|using|browsing|clicking|signing|subscribing|submitting|entering)\b.{0,80}\byou\b.{0,20}\b(?:agree|accept|consent|confirm|acknowledge|help)|your (?:privacy|browser)|please (?:enable|disable|turn|accept|log|sign|subscribe|refresh|confirm|consider (?:subscribing|supporting|donating))|javascript (?:is|must)|to (?:continue|keep) reading
        follow (?:us\b|@|me\b|along on|(?:him|her|them|[\w .'&]{2,40}?)(?: on|:) (?:twitter|facebook|instagram|x\b|linkedin|youtube|tiktok|threads|bluesky|telegram|whatsapp|mastodon|google news))|like us on|find us on|join us on|connect with us|follow .{2,60}\bon (?:twitter|facebook|instagram|linkedin|youtube|tiktok)
        subscribe (?:to|now|today|here|for|below|and)\b|subscribe\W*$|click here|tap here|click (?:on )?(?:the )?(?:link|image|photo|play)|share this|share your (?:thoughts|story|comments|views|opinion|feedback)|get (?:our|the) (?:free )?(?:latest|app|newsletter|daily|best|day's|top)\b.{0,80}(?:inbox|newsletter|app\b|e-?mail)|download (?:our|the) .{0,30}app|get .{2,80} (?:in|to) your inbox|never miss (?:a|an|out)|stay (?:informed|up[- ]to[- ]date|updated|connected) with
        have (?:a|any) (?:news )?(?:tips?|story|questions?|comments?|feedback)\b.{0,12}[?:]|got (?:a )?(?:news )?tips?\b|do you have (?:a|any) (?:tip|story|information|news)|(?:e-?mail|contact|reach|write to|send (?:tips|comments|feedback)|tweet)\b.{1,80}(?:@|\bat (?:https?:|www)|on twitter)|reach the reporters?
        (?:enjoy(?:ed|ing)?|like|love|liked) (?:this|the|what you)\b.{0,60}[?:]|like this (?:story|article)|if you (?:enjoyed|liked|like) (?:this (?:story|article|post|piece|podcast|newsletter)|our)|what do you think\?|let us know\b|tell us\b|comment below|leave (?:a|your) (?:comment|reply|thoughts)|read or share this story|view (?:this|original|full)\b.{0,30}|this browser does not|originally published|support (?:our|independent|local|quality|public|free|nonprofit) (?:\w+ )?(?:journalism|reporting|news|work)|support us\b|become a (?:member|subscriber|supporter|patron)|donate (?:to|now|today|here|\$)|make a (?:donation|contribution) (?:to|today|now)
    """,
    head=r"""
        (?:last )?(?:updated|published|posted|modified|created|first published|printed|issued|date|released?)(?: on| at|:)? ?[:\-–]?\s?(?:\w+day,? )?(?:\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|a?n? ?\w* ?(?:minutes?|hours?|days?) ago|today|yesterday)
        (?:\d+|an?|one|two|three|five) (?:minutes?|mins?|hours?|hrs?|days?|weeks?) ago|for immediate release|this article is more than|image source|follow (?:this|live)|live updates?:|editor'?s note:|\w+ (?:correspondent|reporter|editor|writer)$|(?:listen|watch)(?: to)?\b.{0,40}\d+:\d+
    """,
    foot=r"""
        ^(?-i:(?:CNN's |Journalists? )?[A-Z][\w.'-]+(?: [A-Z][\w.'-]+){0,3}) (?:(?:wrote|reported)(?: this (?:story|report))? from|(?:wrote and reported|reported and wrote)(?: this (?:story|report))? (?:from|in)) (?-i:[A-Z])[\w ,]{2,30}\W*$
        \bcontributed (?:to|reporting|research|from)\b.{0,60}\b(?:report|story|article|coverage|review)\b|\bcontributed (?:reporting|research)\b|\bcontributed from (?-i:[A-Z])[a-z]+\W*$|\b(?:additional|further) reporting (?:by|from)\b|\bcontributed to this\b
        \b(?:quality|independent|trusted|fearless|local|public[- ]interest|nonprofit|in-depth|honest|investigative|our|accurate|reliable|free|good) (?:\w+ )?(?:journalism|reporting)\b.{0,80}\b(?:(?:than|as) ever|matters|depends?|costs?|needs? (?:you|your)|(?:is|be) (?:crucial|vital|essential|expensive|not free)|possible|support|alive|relies|free)\b
        \b(?:support|fund|power|sustain|protect|back|help)\w*\b.{0,40}\b(?:our|independent|quality|local|nonprofit) (?:\w+ )?(?:journalism|newsroom|reporting|journalists)\b|\breaders like you\b|\byour (?:support|donation|contribution|subscription|membership) (?:\w+ )?(?:helps|makes|keeps|allows|enables|goes|is (?:vital|crucial|tax)|will)\b|\bget the story right\b|\bper month\b.{0,40}\bsubscribe|\b(?:your|donations? (?:to|are)|gifts? (?:to|are))\b.{0,60}\btax[- ]deductible
        \ball rights reserved\b|^©|\bcopyright (?:©|\(c\)|\d{4})|\bmay not be (?:published|reproduced|reprinted)\b|\bsee the original (?:story|article|post)\b|\bthis (?:story|article|post|report|piece) (?:was|is|has been|originally|first) (?:\w+ )?(?:published|appeared|updated|produced|republished|corrected|translated|provided|written|sponsored|generated)\b|\b(?:story|article|report|post) (?:originally|first) appeared\b
        \bclick here\b|\bfor more (?:information|on this|news|stories|details)?,?\s?(?:visit|see|go to|click|follow|check)\b|\b(?:may|might|will) (?:get|earn|receive) (?:a )?(?:small )?(?:share|commission|affiliate)\b|\baffiliate (?:links?|commission)|\b(?:can|may) be (?:reached|contacted) (?:at|by|on|via)\b|\bon (?:twitter|x|facebook|instagram|threads|bluesky|mastodon)(?: at)? @\w+|\bfollow (?:him|her|them|me|us|@\w+|the \w+|[\w'. ]{2,40}?)(?:'s)? on (?:twitter|x|facebook|instagram|linkedin|youtube|tiktok|threads|bluesky)\b|\bfollow @\w+|\b(?:in|to|into) your (?:e-?mail )?inbox\b|\bclick to tweet\b|\b(?:opinions?|views) (?:expressed|in this).{0,80}\b(?:author|writer|their own|his own|her own|not necessarily)\b
        ^(?:last )?updated(?: at| on|:)? .{0,20}\d|^source\W+\S.{0,40}$|^\W*https?://\S+\W*$|^www\.\S+$|^(?:the )?(?:associated press|reuters|ap) writers? .{3,300} contributed|\bis a (?:\w+[ -]){0,4}(?:reporter|correspondent|columnist|editor|writer|journalist|contributor|producer)\b.{0,40}\b(?:for|at|based|with|covering|who covers)\b.{0,60}$|^(?:reporting|writing|editing) by (?-i:[A-Z])|^compiled (?:by|from)
        \buse the code\b|\bfor as little as\b|\bissues for (?:just |only )?[£$€]|\b(?:start|get|try|claim|begin)\b.{0,20}\bfree trial\b|\bfree (?:newsletter|daily newsletter)\b|\bdelivered (?:straight |directly )?(?:to|through) your (?:door|letterbox|inbox|phone|mailbox)\b|\bwe'd (?:like|love) to hear\b|^listen (?:to|back)\b.{0,60}\b(?:live|here|now|podcast)\b|^get (?:all )?the (?:day's|latest|top|best|week's) .{0,24}(?:stories|news|headlines)\b|\bbook\b.{5,160}\bis out now\b|\bsubscribe (?:today|now|here)\b|\bjoin (?:\w+ )?(?:today|now|nrplus)\b|\bunsubscribe\b
    """,
    ask=r"""
        (?:please |why not |so |and |but )?(?:subscribe|sign up|register|join|donate|support|help|consider|follow|like|share|get|download|try|become|stay|check out|visit|listen|watch|tune in|click|tap|e-?mail|send|enter|start|add|never miss|don't miss|love|want|need|looking|interested|thank(?:s| you)|read|keep|give|make|to (?:get|receive|read|support|continue|find|learn|see|comment|request)|by (?:subscribing|signing|becoming|joining|donating|supporting)|for (?:the|more|all)|if you|in a time|in times|at a time|in an (?:age|era)|now more than ever)\b
    """,
    topic=r"""
        \b(?:subscri(?:be|bing|ber|bers|ption|ptions)|newsletters?|inbox|journalism|journalists|newsroom|member(?:s|ship)?|donat(?:e|ion|ions|ing)|podcasts?|our app|the app|e-?mail (?:alerts?|updates?|address)|alerts|twitter|facebook|instagram|whatsapp|telegram|tiktok|youtube|linkedin|bluesky|cookies?|ad[- ]?blocker|our website|paywall|free account|our coverage|our reporting|our reporters|our stories|the story right|fact[- ]based|student news)\b
    """,
    you=r"\b(?:you|your|yours|readers|readership|subscribers)\b",
    us=r"\b(?:us|our|ours|we|this newsletter|this site|this website|the newsletter)\b",
    dates="""
        january february march april may june july august september october november december jan feb mar apr jun jul aug
        sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat
        sun am pm a.m p.m gmt utc bst est edt et cst cdt ct pst pdt pt mst ist cet amt hkt sgt jst kst aest first last updated
        published posted on at and st nd rd th ago hours minutes days hour minute day updated: published: date
    """,
)
