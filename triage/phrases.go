package triage

// The phrase tables are lower case. They count on short pages only: on 28,794
// genuine policies "captcha" is visible in 18 %, a password field in 38 %.

// challengeTitles are the page titles of bot walls.
func challengeTitles() []string {
	return []string{
		"just a moment...", "just a moment…", "attention required! | cloudflare", "access denied",
		"request rejected", "vercel security checkpoint", "ddos-guard", "pardon our interruption",
		"sucuri website firewall", "security check", "checking your browser", "human verification",
		"are you a robot?", "robot check",
	}
}

// challengePhrases are what bot walls say to a visitor.
func challengePhrases() []string {
	return []string{
		"checking your browser", "verify you are human", "verifying you are human", "verify that you are human",
		"are you a robot", "not a robot", "enable javascript and cookies to continue", "ddos protection by",
		"please complete the security check", "why have i been blocked", "you have been blocked",
		"you're temporarily blocked", "pardon our interruption", "unusual traffic from your",
		"performance & security by cloudflare", "needs to review the security of your connection",
		"press & hold to confirm", "request unsuccessful. incapsula", "your request has been blocked",
		"vérification de votre navigateur", "vérifiez que vous êtes humain", "überprüfung ihres browsers",
		"bestätigen sie, dass sie ein mensch sind", "comprobando su navegador", "verifica que eres humano",
		"verifica di essere umano", "controleren of u een mens bent", "verifique que você é humano",
	}
}

// challengeMarkers are script and resource names of bot walls, looked for in
// the raw bytes of pages with next to no text.
func challengeMarkers() []string {
	return []string{
		"/.well-known/sgcaptcha", "captcha-delivery.com", "_Incapsula_Resource", "px-captcha", "KPSDK",
		"gokuProps", "awswaf", "_cf_chl_opt", "errors.edgesuite.net",
	}
}

// consentQuestions are what consent dialogs ask in their titles.
func consentQuestions() []string {
	return []string{
		"allow the use of cookies", "accept cookies from", "before you continue to", "do you accept cookies",
		"do you allow cookies", "autoriser l'utilisation des cookies", "autoriser l’utilisation des cookies",
		"autoriser les cookies", "verwendung von cookies zulassen", "verwendung von cookies erlauben",
		"die verwendung von cookies durch", "permitir el uso de cookies", "consentire l'uso dei cookie",
		"het gebruik van cookies toestaan", "permitir o uso de cookies", "bevor sie fortfahren", "avant de continuer",
		"antes de continuar", "prima di continuare", "voordat je verdergaat", "voordat u verdergaat", "zanim przejdziesz dalej",
		"før du fortsætter", "innan du fortsätter", "før du fortsetter", "než budete pokračovat", "ennen kuin jatkat",
		"accepteert u cookies", "acceptez-vous les cookies", "aceptas las cookies", "accetti i cookie", "aceita cookies",
		"akceptujesz pliki cookie", "accepterer du cookies", "godkänner du cookies", "souhlasíte s cookies",
		"同意しますか", "許可しますか", "是否接受cookie", "是否同意使用", "您是否同意",
	}
}

// errorPhrases are what error, log-in and maintenance pages say.
func errorPhrases() []string {
	return []string{
		"seite ist momentan nicht verfügbar", "seite ist derzeit nicht verfügbar", "seite existiert nicht",
		"page n'est pas disponible", "page n’est pas disponible", "página no está disponible", "siden blev ikke fundet",
		"sidan hittades inte", "stránka nebyla nalezena",
		"page not found", "page cannot be found", "page can't be found", "page could not be found",
		"page you are looking for", "page you were looking for", "this page isn't available",
		"this page is not available", "404 not found", "error 404", "404 error", "internal server error", "bad gateway",
		"service unavailable", "gateway timeout", "temporarily unavailable", "under maintenance",
		"scheduled maintenance", "we'll be right back", "be back soon", "something went wrong",
		"application error: a client-side exception", "an unexpected error has occurred",
		"too many requests", "waiting room", "you are offline", "taking a while to connect",
		"you should be redirected", "log in to continue", "sign in to continue",
		"please log in", "please sign in", "account suspended", "domain is for sale", "this site can't be reached",
		"page introuvable", "page non trouvée", "n'existe pas ou", "maintenance en cours", "veuillez vous connecter",
		"seite nicht gefunden", "seite wurde nicht gefunden", "wartungsarbeiten", "bitte melden sie sich an",
		"página no encontrada", "en mantenimiento", "inicie sesión para", "pagina non trovata", "in manutenzione",
		"pagina niet gevonden", "página não encontrada", "em manutenção", "nie znaleziono strony",
	}
}

// documentNames are what policies, guidelines and notices call themselves.
func documentNames() []string {
	return []string{
		"policy", "policies", "guideline", "statement", "notice", "terms", "agreement", "privacy", "cookie", "imprint", "copyright",
		"accessibility", "code of conduct", "sub-processor", "subprocessor", "disclaimer", "conditions", "data protection",
		"datenschutz", "nutzungsbedingungen", "richtlinie", "impressum", "erklärung", "agb",
		"confidentialité", "mentions légales", "conditions générales", "politique", "charte", "déclaration",
		"política", "aviso", "condiciones", "privacidad", "informativa", "termini", "condizioni", "politica", "privacyverklaring", "voorwaarden", "beleid",
		"privacidade", "termos", "polityka", "regulamin", "politik", "vilkår", "villkor", "podmínky", "zásady", "ochrana osobních",
		"ポリシー", "規約", "方針", "政策", "条款", "声明", "聲明", "條款",
	}
}

// vocabulary is what policies, notices and terms speak of, in the languages
// that the date grammar knows. Each entry counts once, whatever its kind:
// vendors put one document inside another.
func vocabulary() []string {
	return []string{
		// English
		"privacy", "personal data", "personal information", "cookies", "third part", "collect", "consent", "process",
		"retain", "retention", "data protection", "your rights", "controller", "policy", "terms", "agreement",
		"liability", "copyright", "intellectual property", "governing law", "license", "licence", "sub-processor",
		"subprocessor", "services", "security", "accessibility", "confidential", "warrant", "publisher", "hosting",
		"registered office", "trade register", "companies register", "share capital", "legal notice", "publication director",
		// German
		"datenschutz", "personenbezogen", "einwilligung", "verarbeitung", "verantwortlich", "nutzungsbedingungen",
		"haftung", "impressum", "rechtsgrundlage",
		// French
		"données personnelles", "données à caractère personnel", "confidentialité", "consentement", "traitement",
		"responsable", "conditions générales", "mentions légales", "éditeur", "hébergeur", "accessibilité", "vie privée",
		// Spanish
		"datos personales", "privacidad", "consentimiento", "tratamiento", "terceros", "términos", "condiciones",
		// Italian
		"dati personali", "trattamento", "titolare", "consenso", "informativa", "termini", "condizioni",
		// Dutch
		"persoonsgegevens", "privacyverklaring", "toestemming", "verwerking", "voorwaarden", "aansprakelijk",
		// Portuguese
		"dados pessoais", "privacidade", "consentimento", "tratamento de dados", "termos", "condições",
		// Polish
		"dane osobowe", "danych osobowych", "prywatności", "zgod", "przetwarzani", "regulamin",
		// Danish and Swedish
		"personoplysninger", "personuppgifter", "privatlivspolitik", "samtykke", "samtycke", "behandling", "integritetspolicy",
		// Czech
		"osobní údaje", "osobních údajů", "zpracování", "souhlas", "podmínky",
		// Japanese
		"個人情報", "プライバシー", "利用規約", "同意", "第三者",
		// Chinese
		"个人信息", "隐私", "個人資料", "隱私", "第三方", "条款",
	}
}
