package triage

// The tables of stand-ins are lower case and, but for regions, forwarding and the
// furniture of articles, are held against the title and first lines only.

// ageQuestions are what pages ask of those who want in.
func ageQuestions() []string {
	return []string{
		"are you of legal", "are you over 1", "are you over 2", "are you 18", "are you 19", "are you 21", "are you old enough",
		"verify your age", "confirm your age", "age verification", "age check", "age gate", "you must be 18", "you must be 21", "adults only",
		"sind sie über 1", "sind sie schon 1", "sind sie mindestens 1", "bist du über 1", "bist du schon 1", "alt genug", "sind sie volljährig",
		"bist du volljährig", "sind sie 18", "sind sie 16", "bist du 18", "bist du 16", "altersprüfung", "alterskontrolle", "altersabfrage",
		"altersverifikation", "bestätigen sie ihr alter", "ihr alter bestätigen",
		"avez-vous plus de 18", "avez-vous 18", "avez-vous l'âge", "avez-vous l’âge", "êtes-vous majeur", "vérification de l'âge", "vérification de l’âge", "confirmez votre âge",
		"eres mayor de", "es usted mayor de", "tienes más de 18", "tienes 18", "verificación de edad", "confirma tu edad",
		"sei maggiorenne", "hai più di 18", "hai 18 anni", "verifica dell'età", "verifica dell’età", "conferma la tua età", "hai l'età", "hai l’età",
		"ben je 18", "bent u 18", "ben je ouder", "bent u ouder", "leeftijdscontrole", "bevestig je leeftijd", "bevestig uw leeftijd", "oud genoeg",
		"maior de idade", "tem mais de 18", "tens mais de 18", "tem 18 anos", "verificação de idade", "confirme a sua idade", "confirme sua idade",
		"czy masz 18", "czy masz ukończone", "jesteś pełnoletni", "weryfikacja wieku", "potwierdź swój wiek", "masz ukończone 18",
		"er du over 1", "er du fyldt", "er du fylt", "er du gammel nok", "bekræft din alder", "bekreft din alder", "alderskontrol", "aldersbekreftelse",
		"är du över 1", "är du över 2", "är du minst", "har du fyllt", "är du gammal nok", "ålderskontroll", "bekräfta din ålder",
		"je vám 18", "je vám více než 18", "je vám již 18", "je ti 18", "ověření věku", "potvrďte svůj věk", "jste plnoletý", "bylo vám 18",
		"oletko yli 18", "oletko täysi-ikäinen", "oletko täyttänyt", "vahvista ikäsi", "ikäraja",
		"歳以上ですか", "才以上ですか", "年齢確認", "年齢を確認", "是否年满", "是否已年满", "年龄验证", "确认您的年龄", "確認您的年齡", "年齡驗證", "是否年滿",
		"вам исполнилось", "вам есть 18", "подтвердите возраст", "18세 이상", "연령 확인", "성인 인증",
	}
}

func salePhrases() []string {
	return []string{
		"for sale", "is available for purchase", "may be for sale", "buy this domain", "zum verkauf", "zu verkaufen", "kaufen sie diese domain", "à vendre", "en vente",
		"en venta", "a la venta", "se vende", "in vendita", "te koop", "à venda", "na sprzedaż", "til salg", "till salu", "na prodej", "k prodeji", "myytävänä",
		"販売中", "売り出し", "売却", "出售", "待售", "продаётся", "продается", "판매",
	}
}

func domainWords() []string {
	return []string{"domain", "domein", "domen", "domén", "domæne", "nazwa", "domäne", "dominio", "domínio", "nom de domaine", "website", "web site", "webseite", "webbplats", "hjemmeside", "verkkotunnus", "ドメイン", "域名", "網域", "домен", "도메인"}
}

// regionPhrases are what pages say to visitors of a country that they do not serve.
func regionPhrases() []string {
	return []string{
		"unavailable in your country", "unavailable in your region", "unavailable in your location", "not available in your country", "not available in your region",
		"not available in your location", "not available in the european", "unavailable in most european", "unavailable in the european", "unavailable in europe", "not available in europe",
		"unavailable for legal reasons", "unavailable due to legal", "from the european economic area", "from countries belonging to the european", "cannot grant you access", "access from your country",
		"visitors from your country", "visitors from the european", "readers in europe", "access from the european", "due to gdpr", "because of the gdpr",
		"in ihrem land nicht verfügbar", "in ihrer region nicht verfügbar", "in deinem land nicht verfügbar", "pas disponible dans votre pays", "pas disponible dans votre région", "indisponible dans votre",
		"no está disponible en tu país", "no está disponible en su país", "no disponible en su región", "no disponible en tu región", "non è disponibile nel tuo paese", "non disponibile nel tuo paese", "non è disponibile nella tua",
		"niet beschikbaar in uw land", "niet beschikbaar in jouw land", "niet beschikbaar in je land", "niet beschikbaar in uw regio", "não está disponível no seu país", "não está disponível na sua região", "não disponível no seu",
		"niedostępna w twoim kraju", "niedostępna w twoim regionie", "nie jest dostępna w twoim", "ikke tilgængelig i dit land", "ikke tilgængeligt i dit land", "ikke tilgjengelig i ditt land", "inte tillgänglig i ditt land", "inte tillgängligt i ditt land",
		"není ve vaší zemi", "nedostupná ve vaší zemi", "ei ole saatavilla maassasi", "お住まいの国では", "お住まいの地域では", "お客様の地域では", "您所在的国家", "您所在的地区", "您所在的地區", "недоступен в вашей стране", "недоступна в вашей стране",
	}
}

// forwardPhrases are what pages say that lead to another by themselves.
func forwardPhrases() []string {
	return []string{
		"redirect", "you will be taken to", "you are being taken", "click here if nothing happens", "has moved", "have moved", "weitergeleitet", "weiterleitung", "umgezogen", "redirection", "redirigé", "a été déplacé", "a déménagé",
		"redirig", "redirecc", "se ha trasladado", "se ha movido", "se ha mudado", "nueva dirección", "reindirizza", "si è spostata", "è stata spostata", "doorgestuurd", "doorverwezen", "is verhuisd", "redirecion", "foi movida", "mudou de endereço",
		"przekierowan", "przeniesion", "omdirigere", "viderestilles", "viderestillet", "er flyttet", "omdirigera", "har flyttat", "vidaresänds", "přesměrov", "přesunut", "uudelleenohja", "on siirtynyt", "viderekoble", "viderefør",
		"転送", "移動しました", "リダイレクト", "移転しました", "跳转", "跳轉", "重定向", "перенаправлен",
	}
}

// listTitles are how titles of lists of files and of search results begin.
func listTitles() []string {
	return []string{
		"index of /", "directory listing for", "directory listing of", "directory: /", "verzeichnis von /", "index de /", "search results", "search result for", "results for", "you searched for", "search:", "no results",
		"suchergebnis", "ergebnisse für", "keine ergebnisse", "suche nach", "ihre suche", "résultats de recherche", "résultats de la recherche", "résultats pour", "aucun résultat", "recherche :", "résultat de recherche",
		"resultados de búsqueda", "resultados de la búsqueda", "resultados para", "sin resultados", "búsqueda:", "no se encontraron resultados", "risultati della ricerca", "risultati di ricerca", "risultati per", "nessun risultato",
		"zoekresultaten", "resultaten voor", "geen resultaten", "resultados da pesquisa", "resultados da busca", "resultado da busca", "resultado da pesquisa", "resultados de pesquisa", "nenhum resultado", "sem resultados", "pesquisa:", "pesquisa por", "busca por", "busca:", "não encontrámos resultados", "não encontramos resultados",
		"wyniki wyszukiwania", "wyniki dla", "brak wyników", "søgeresultat", "resultater for", "ingen resultater", "sökresultat", "resultat för", "inga resultat", "inga träffar", "søkeresultat", "ingen treff",
		"výsledky hledání", "výsledky vyhledávání", "hakutulokset", "ei tuloksia", "検索結果", "搜索结果", "搜尋結果", "результаты поиска", "검색 결과",
	}
}

// loginTitles are whole titles of pages to log in, up to the site's name.
func loginTitles() []string {
	return []string{
		"log in", "login", "sign in", "sign-in", "signin", "log on", "anmelden", "anmeldung", "einloggen", "connexion", "se connecter", "connectez-vous", "iniciar sesión", "inicio de sesión", "acceder", "accedi", "accesso", "inloggen", "aanmelden",
		"entrar", "iniciar sessão", "fazer login", "zaloguj się", "zaloguj", "logowanie", "log ind", "logga in", "logg inn", "přihlášení", "přihlásit se", "kirjaudu", "kirjaudu sisään", "ログイン", "サインイン", "登录", "登錄", "登入", "вход", "войти", "로그인",
	}
}

// loginPhrases are what such pages say above their form.
func loginPhrases() []string {
	return []string{
		"welcome back", "log in to", "sign in to", "sign in with", "log in with", "you need an account", "need to be logged in", "need to log in", "need to sign in", "must be logged in", "must log in", "must sign in", "members only", "customers only",
		"willkommen zurück", "melden sie sich an", "melde dich an", "anmeldung erforderlich", "nur für kunden", "nur für mitglieder", "connectez-vous pour", "bon retour", "connexion requise", "réservé aux",
		"bienvenido de nuevo", "inicia sesión para", "inicia sesión en", "inicie sesión", "necesitas una cuenta", "accedi per", "accedi al", "bentornat", "devi accedere", "log in om", "log in bij", "log in op", "inloggen om", "inloggen bij", "inloggen op", "welkom terug", "meld je aan", "meld u aan", "moet inloggen", "moet ingelogd",
		"entre para", "entre na sua conta", "faça login", "inicie sessão", "bem-vindo de volta", "precisa de uma conta", "precisa ter uma conta", "zaloguj się", "witaj ponownie", "log ind for", "log ind på", "velkommen tilbage", "logga in för", "logga in på", "välkommen tillbaka", "logg inn for", "logg inn på",
		"přihlaste se", "vítejte zpět", "kirjaudu sisään", "tervetuloa takaisin", "ログインしてください", "ログインが必要", "おかえりなさい", "请登录", "請登錄", "請登入", "请先登录", "登录后", "登录您的", "欢迎回来", "歡迎回來", "войдите", "로그인이 필요", "로그인하세요",
	}
}

// agreeButtons are how the labels of buttons begin that allow cookies.
func agreeButtons() []string {
	return []string{
		"accept", "agree", "i agree", "i accept", "allow all", "allow cookies", "yes, i agree", "akzeptieren", "alle akzeptieren", "alles akzeptieren", "zustimmen", "alle zulassen", "einverstanden", "ich stimme zu", "mit werbung weiter", "accepter", "tout accepter", "j'accepte", "j’accepte", "autoriser",
		"aceptar", "acepto", "permitir", "accetta", "accetto", "acconsento", "consenti", "accepteren", "alles accepteren", "alle cookies accepteren", "akkoord", "ja, ik", "aceitar", "aceito", "concordo", "akceptuj", "zgadzam", "zaakceptuj", "przejdź do serwisu", "accepter alle", "tillad", "godkend", "acceptera", "godkänn", "tillåt", "godta", "aksepter",
		"přijmout", "souhlasím", "povolit", "hyväksy", "salli", "同意", "すべて同意", "すべて許可", "承諾", "許可", "接受", "全部接受", "允许", "принять", "согласен", "동의", "모두 동의",
	}
}

// courtesies are headings of consent dialogs that name what a policy is about.
func courtesies() []string {
	return []string{
		"value your privacy", "values your privacy", "care about your privacy", "respect your privacy", "your privacy, your choice", "this site uses cookies", "this website uses cookies", "we use cookies",
		"ihre privatsphäre ist uns wichtig", "datenschutz ist uns wichtig", "wir verwenden cookies", "respectons votre vie privée", "nous utilisons des cookies", "valoramos tu privacidad", "valoramos su privacidad", "respetamos tu privacidad", "utilizamos cookies", "usamos cookies",
		"rispettiamo la tua privacy", "la tua privacy è importante", "utilizziamo i cookie", "wij waarderen uw privacy", "we waarderen je privacy", "wij gebruiken cookies", "we gebruiken cookies", "valorizamos a sua privacidade", "valorizamos sua privacidade",
		"cenimy twoją prywatność", "szanujemy twoją prywatność", "vi værdsætter dit privatliv", "vi bruger cookies", "vi värnar om din integritet", "vi använder cookies", "vi bruker informasjonskapsler", "vážíme si vašeho soukromí", "arvostamme yksityisyyttäsi",
	}
}

// consentTopics are what a page speaks of that asks for consent.
func consentTopics() []string {
	return []string{"cookie", "tracking", "personalised ads", "personalized ads", "werbung", "publicité", "traceurs", "publicidad", "pubblicità", "advertenties", "publicidade", "reklam", "クッキー", "广告", "廣告", "файлы"}
}

// articleFurniture is what stands around the posts of a blog or of a newspaper,
// one group for each mark.
func articleFurniture() [][]string {
	return [][]string{
		{"min read", "minute read", "minutes read", "min. lesezeit", "minuten lesezeit", "lesezeit", "min de lecture", "minutes de lecture", "min de lectura", "minutos de lectura", "min di lettura", "minuti di lettura", "tempo di lettura", "min leestijd", "leestijd", "min de leitura", "minutos de leitura", "tempo de leitura", "min czytania", "czas czytania", "læsetid", "lästid", "min läsning", "lesetid", "min čtení", "doba čtení", "lukuaika", "分で読めます", "阅读时间", "閱讀時間", "мин чтения"},
		{"related posts", "related articles", "related stories", "read next", "more from the blog", "ähnliche beiträge", "ähnliche artikel", "verwandte artikel", "weitere beiträge", "articles similaires", "articles liés", "à lire aussi", "artículos relacionados", "entradas relacionadas", "articoli correlati", "leggi anche", "gerelateerde artikelen", "lees ook", "artigos relacionados", "leia também", "powiązane artykuły", "czytaj także", "czytaj też", "relaterede artikler", "læs også", "relaterade artiklar", "läs också", "läs även", "relaterte artikler", "les også", "související články", "čtěte také", "lue myös", "関連記事", "相关文章", "相關文章", "читайте также"},
		{"share this post", "share this article", "share this story", "beitrag teilen", "artikel teilen", "partager cet article", "partagez cet article", "comparte este", "compartir este artículo", "condividi", "deel dit artikel", "deel dit bericht", "compartilhe", "partilhar este artigo", "udostępnij", "del artiklen", "dela artikeln", "del artikkelen", "sdílet článek", "sdílejte", "jaa artikkeli", "この記事をシェア", "分享本文", "分享这篇文章", "поделиться"},
		{"posted on", "posted by", "written by", "published by", "veröffentlicht von", "geschrieben von", "publié par", "publié le", "écrit par", "publicado por", "escrito por", "pubblicato da", "scritto da", "geplaatst door", "geschreven door", "geplaatst op", "opublikowano przez", "napisane przez", "skrevet af", "skriven av", "publicerad av", "skrevet av", "autor článku", "kirjoittanut", "著者", "作者", "опубликовано"},
		{" comments", "leave a comment", "kommentare", "commentaires", "comentarios", "commenti", "reacties", "comentários", "komentarze", "kommentarer", "komentáře", "kommentit", "件のコメント", "条评论", "комментари"},
	}
}

// moreNames are names of policies in further languages. They keep a page from
// being taken for a stand-in, and vouch for nothing else.
func moreNames() []string {
	return []string{
		"personvern", "personopplysning", "tietosuoja", "käyttöehdot", "rekisteriseloste", "integritet", "personuppgift", "persondata", "soukrom", "osobních údajů", "prywatno", "danych osobowych",
		"конфиденциальн", "соглашени", "персональных данных", "개인정보", "약관", "隐私", "隱私", "プライバシー", "個人情報", "gizlilik", "adatvédel", "απορρήτου", "gegevens", "protección de datos", "proteção de dados", "protezione dei dati", "données",
	}
}
