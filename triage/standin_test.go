package triage_test

import (
	"strings"
	"testing"

	"watcher/policy"
	"watcher/triage"
)

// legalWords make a page fluent without naming it: what a stand-in says of the
// documents that it links to.
const legalWords = " Privacy policy, terms, cookies, consent, agreement. "

// filler returns prose of no kind, so that no page here is too short.
func filler() string {
	return "<p>" + strings.Repeat("Take the second path on the left and walk on until the mill. ", 5) + legalWords + "</p>"
}

// TestStandIns: the same kinds of pages in many languages, told by what they
// announce. Each has the vocabulary of a policy.
func TestStandIns(t *testing.T) {
	for rule, titles := range map[string][]string{
		triage.RuleLoginForm: {
			"Sign in", "Anmelden", "Connexion | Acme", "Iniciar sesión", "Accedi", "Inloggen", "Entrar", "Zaloguj się", "Log ind", "Logga in", "Přihlášení",
			"Kirjaudu sisään", "Logg inn", "ログイン", "登录", "You must be logged in to view this page",
		},
		triage.RuleStandIn: {
			"Verify your age", "Sind Sie volljährig?", "Avez-vous plus de 18 ans ?", "¿Eres mayor de edad?", "Sei maggiorenne?", "Bent u 18 jaar of ouder?", "Você é maior de idade?",
			"Czy masz ukończone 18 lat?", "Er du over 18 år?", "Är du över 18?", "Je vám více než 18 let?", "Oletko yli 18?", "あなたは20歳以上ですか", "您是否年满18岁",
			"The domain acme.example is for sale", "Diese Domain steht zum Verkauf", "Ce nom de domaine est à vendre", "Este dominio está en venta", "Questo dominio è in vendita", "Deze domeinnaam is te koop",
			"Este domínio está à venda", "Ta domena jest na sprzedaż", "Domænet acme.example er til salg", "Domänen är till salu", "Doména je na prodej", "このドメインは販売中です",
			"Search results for: data", "Suchergebnisse", "Résultats de recherche", "Resultados de búsqueda", "Risultati della ricerca", "Zoekresultaten", "Resultados da pesquisa", "Wyniki wyszukiwania",
			"Søgeresultater", "Sökresultat", "Výsledky hledání", "Hakutulokset", "検索結果", "搜索结果", "Index of /docs",
		},
	} {
		for _, title := range titles {
			body := "<html><title>" + title + "</title><main><h1>" + title + "</h1>" + filler() + "</main>"
			if v := judge(t, captureOf(body)); v.Rule != rule {
				t.Errorf("%q: %s by %q (%s), want %q", title, v.Kind, v.Rule, v.Evidence, rule)
			}
			// The same words below a policy's name are the policy's own.
			body = "<html><title>Privacy policy</title><main><h1>Privacy policy</h1><h2>" + title + "</h2>" + filler() + "</main>"
			if v := judge(t, captureOf(body)); v.Kind != policy.Accepted {
				t.Errorf("a policy with the heading %q is refused by %q (%s)", title, v.Rule, v.Evidence)
			}
		}
	}
}

// TestConsentButtons: a wall is told by its buttons, and is none above a policy.
func TestConsentButtons(t *testing.T) {
	for _, label := range []string{
		"Accept all", "Alle akzeptieren", "Tout accepter", "Aceptar", "Accetta tutto", "Alles accepteren", "Aceitar", "Zgadzam się", "Accepter alle", "Godkänn", "Přijmout vše", "Hyväksy", "Godta alle", "同意する", "接受", "<span>Accept</span>",
	} {
		wall := "<div><p>We and our partners would like to set cookies.</p><button>" + label + "</button></div>"
		if v := judge(t, captureOf("<html><title>Acme</title><div><h1>Acme</h1>"+wall+filler()+"</div>")); v.Rule != triage.RuleConsentWall {
			t.Errorf("%q: %s by %q (%s)", label, v.Kind, v.Rule, v.Evidence)
		}
		if v := judge(t, captureOf("<html><title>Acme</title>"+wall+"<main><h1>Privacy notice</h1>"+filler()+"</main>")); v.Kind != policy.Accepted {
			t.Errorf("%q above a policy: refused by %q (%s)", label, v.Rule, v.Evidence)
		}
	}
}

// TestConsentCourtesy: a wall may call itself after what it asks to give up.
func TestConsentCourtesy(t *testing.T) {
	for _, title := range []string{"We value your privacy", "Wir verwenden Cookies", "Valoramos tu privacidad", "Szanujemy Twoją prywatność"} {
		body := "<title>Acme</title><div><h1>" + title + "</h1>" + filler() + "<button>OK</button><button>Accept cookies</button></div>"
		if v := judge(t, captureOf(body)); v.Rule != triage.RuleConsentWall {
			t.Errorf("%q: %s by %q (%s)", title, v.Kind, v.Rule, v.Evidence)
		}
	}
}

// TestLanguage: a script beyond doubt outweighs the page's attribute, on both
// sides of the comparison alike.
func TestLanguage(t *testing.T) {
	doc := func(lang, text string) policy.Document {
		return policy.Document{Lang: lang, Sections: []policy.Section{{Blocks: []policy.Block{{Kind: policy.Paragraph, Text: text}}}}}
	}
	for _, tc := range []struct{ attr, text, want string }{
		{"en", "当社はお客様の個人情報を適切に取り扱います。", "ja"},
		{"en", "我们会保护您的个人信息，不会向第三方提供。", "zh"},
		{"en", "회사는 이용자의 개인정보를 보호합니다.", "ko"},
		{"fr", "Nous protégeons vos données.", "fr"},
		{"en", "We protect your data. 日本", "en"},
		{"de", "", "de"},
		{"", "We protect your data.", ""},
	} {
		if got := triage.Language(doc(tc.attr, tc.text)); got != tc.want {
			t.Errorf("%q with lang=%q: %q, want %q", tc.text, tc.attr, got, tc.want)
		}
	}
}

// TestLanguageShort: an edition of a hundred words in another language is held,
// and one whose page names the wrong language on both sides is not.
func TestLanguageShort(t *testing.T) {
	const ja = "当社はお客様の個人情報を第三者に提供しません。同意なく利用しません。プライバシーを守ります。"
	doc := policy.Document{Lang: "en", Sections: []policy.Section{{
		Heading: "プライバシーポリシー", Level: 1, Blocks: []policy.Block{{Kind: policy.Paragraph, Text: strings.Repeat(ja, 5)}},
	}}}
	doc.Full = doc.Text()
	for lang, want := range map[string]string{"en": triage.RuleLanguage, triage.Language(doc): "", "ja-JP": "", "": ""} {
		p := triage.Page{Policy: policy.Policy{URL: "https://a.example/p"}, Capture: policy.Capture{FinalURL: "https://a.example/p"}, Document: doc, HeadLang: lang, HeadWords: 100}
		if v := triage.Gate(p); v.Rule != want {
			t.Errorf("head in %q: %s by %q (%s), want %q", lang, v.Kind, v.Rule, v.Evidence, want)
		}
	}
}
