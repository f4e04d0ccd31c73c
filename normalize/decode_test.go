package normalize

import (
	"strings"
	"testing"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
)

func encode(t *testing.T, label, s string) []byte {
	t.Helper()
	enc, name := charset.Lookup(label)
	if enc == nil {
		t.Fatalf("no charset %q", label)
	}
	if name == "utf-16le" {
		enc = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	if name == "utf-16be" {
		enc = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	b, err := enc.NewEncoder().Bytes([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDecode checks that a page gives the same text in every charset and under
// every way to declare it.
func TestDecode(t *testing.T) {
	western := "<html><head><title>Données</title></head><body><p>Société à Genève – déjà protégée, très sûre, Größe</p></body></html>"
	japanese := "<html><body><p>当社は、お客様の個人情報を適切に取り扱い、第三者に提供することはありません。プライバシーポリシーをご確認ください。</p></body></html>"
	chinese := "<html><body><p>我们非常重视您的个人信息和隐私保护，并将按照法律法规的要求，采取相应的安全保护措施，尽力保护您的个人信息安全可控。</p></body></html>"
	polish := "<html><body><p>Zażółć gęślą jaźń, przetwarzamy dane osobowe użytkowników</p></body></html>"
	meta := func(label, s string) string { return "<meta charset=" + label + ">" + s }
	for _, tc := range []struct {
		name, label, header, text string
	}{
		{"utf-8 undeclared", "utf-8", "text/html", western},
		{"utf-8 header", "utf-8", "text/html; charset=UTF-8", western},
		{"utf-8 under a latin header", "utf-8", "text/html; charset=iso-8859-1", western},
		{"windows-1252 header", "windows-1252", "text/html; charset=windows-1252", western},
		{"windows-1252 as latin-1", "windows-1252", "text/html; charset=ISO-8859-1", western},
		{"windows-1252 meta", "windows-1252", "text/html", meta("windows-1252", western)},
		{"windows-1252 undeclared", "windows-1252", "text/html", western},
		{"windows-1252 under utf-8 header", "windows-1252", "text/html; charset=utf-8", meta("windows-1252", western)},
		{"iso-8859-2 meta", "iso-8859-2", "text/html", meta(`"iso-8859-2"`, polish)},
		{"shift_jis header", "shift_jis", "text/html; charset=Shift_JIS", japanese},
		{"shift_jis meta", "shift_jis", "text/html", meta("shift_jis", japanese)},
		{"shift_jis undeclared", "shift_jis", "text/html", japanese},
		{"euc-jp meta", "euc-jp", "text/html", meta("euc-jp", japanese)},
		{"gb18030 header", "gb18030", "text/html; charset=gb18030", chinese},
		{"gbk meta", "gbk", "text/html", meta("gb2312", chinese)},
		{"utf-16le without mark", "utf-16le", "text/html", western},
		{"utf-16be without mark", "utf-16be", "text/html", western},
		{"utf-16le header", "utf-16le", "text/html; charset=utf-16le", western},
		{"utf-16 mark", "utf-16le", "text/html", "\ufeff" + western},
		{"utf-8 mark beats header", "utf-8", "text/html; charset=windows-1252", "\ufeff" + western},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, name, err := Decode(encode(t, tc.label, tc.text), tc.header)
			if err != nil {
				t.Fatal(err)
			}
			want := tc.text
			if r := []rune(want); r[0] == 0xfeff {
				want = string(r[1:])
			}
			if got != want {
				t.Errorf("as %s: %q", name, clip(got, 120))
			}
		})
	}
	if got, _, err := Decode([]byte("a\xffb caf\xc3\xa9"), "text/html; charset=utf-8"); err != nil || got != "a\ufffdb café" {
		t.Errorf("invalid byte: %q, %v", got, err)
	}
}

// TestEncodings reads one page from many encodings, declared rightly, not at
// all and wrongly: it is the same document each time, so a server that changes
// its encoding or its header between two captures makes no change.
func TestEncodings(t *testing.T) {
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	const (
		german   = "<h1>Datenschutz</h1><p>Wir löschen Einträge für Gäste spätestens nach zwölf Monaten, außer das Gesetz verlangt es anders. Das Café führt über Besucher keine Akten.</p>"
		polish   = "<h1>Prywatność</h1><p>Zażółć gęślą jaźń: przetwarzamy dane osobowe użytkowników, żeby świadczyć usługi, i usuwamy je po trzech miesiącach, chyba że prawo każe inaczej.</p>"
		russian  = "<h1>Конфиденциальность</h1><p>Мы храним данные пользователей двенадцать месяцев и затем удаляем их. Мы не передаём сведения третьим лицам без согласия.</p>"
		greek    = "<h1>Απόρρητο</h1><p>Διατηρούμε τα δεδομένα των χρηστών για δώδεκα μήνες και μετά τα διαγράφουμε. Δεν τα δίνουμε σε τρίτους χωρίς άδεια.</p>"
		japanese = "<h1>個人情報</h1><p>当社は、お客様の個人情報を十二か月間保存し、その後削除します。お客様の同意なく第三者に提供することはありません。</p>"
		chinese  = "<h1>隐私政策</h1><p>我们将用户的个人信息保存十二个月，之后予以删除。未经同意，我们不会向第三方提供您的个人信息。</p>"
		trad     = "<h1>隱私政策</h1><p>我們將用戶的個人資料保存十二個月，之後予以刪除。未經同意，我們不會向第三方提供您的個人資料。</p>"
		korean   = "<h1>개인정보</h1><p>회사는 이용자의 개인정보를 십이 개월 동안 보관한 후 삭제합니다. 동의 없이 제삼자에게 제공하지 않습니다.</p>"
	)
	for _, page := range []struct {
		text   string
		labels []string
		// undeclared are those that are known by their bytes.
		undeclared []string
	}{
		{german, []string{
			"utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-1", "iso-8859-2", "iso-8859-4", "iso-8859-10", "iso-8859-13",
			"iso-8859-15", "windows-1250", "windows-1254", "windows-1257", "windows-1258", "macintosh", "gb18030",
		}, []string{"utf-8", "utf-16le", "utf-16be", "windows-1252", "iso-8859-2"}},
		{polish, []string{"utf-8", "utf-16le", "windows-1250", "iso-8859-2", "iso-8859-16", "gb18030"}, []string{"utf-8"}},
		{russian, []string{"utf-8", "utf-16be", "windows-1251", "koi8-r", "koi8-u", "iso-8859-5", "ibm866", "x-mac-cyrillic"}, []string{"utf-8", "windows-1251", "koi8-r"}},
		{greek, []string{"utf-8", "windows-1253", "iso-8859-7"}, []string{"utf-8"}},
		{japanese, []string{"utf-8", "shift_jis", "euc-jp", "iso-2022-jp"}, []string{"utf-8", "shift_jis", "euc-jp"}},
		{chinese, []string{"utf-8", "gbk", "gb18030"}, []string{"utf-8", "gbk"}},
		{trad, []string{"utf-8", "big5"}, []string{"utf-8", "big5"}},
		{korean, []string{"utf-8", "euc-kr"}, []string{"utf-8", "euc-kr"}},
	} {
		want := docText(t, n, []byte("<html><body>"+page.text), "text/html; charset=utf-8")
		same := func(name, label, header, meta string) {
			t.Helper()
			if got := docText(t, n, encode(t, label, "<html>"+meta+"<body>"+page.text), header); got != want {
				t.Errorf("%s of %s: %q, want %q", name, label, clip(got, 160), clip(want, 160))
			}
		}
		for _, label := range page.labels {
			meta := "<meta http-equiv=Content-Type content='text/html; charset=" + label + "'>"
			same("header", label, "text/html; charset="+label, "")
			same("meta", label, "text/html", meta)
			same("header in capitals and quotes", label, `text/html; Charset="`+strings.ToUpper(label)+`"`, "")
			same("latin header over meta", label, "text/html; charset=ISO-8859-1", meta)
			same("utf-8 header over meta", label, "text/html; charset=utf-8", meta)
			same("unknown header over meta", label, "text/html; charset=none-such", meta)
		}
		for _, label := range page.undeclared {
			same("nothing", label, "text/html", "")
			same("utf-8 header", label, "text/html; charset=utf-8", "")
			same("utf-16 header", label, "text/html; charset=utf-16", "")
		}
	}
}

func docText(t *testing.T, n *Normalizer, body []byte, header string) string {
	t.Helper()
	d, err := n.Document(Input{Body: body, ContentType: header, URL: "https://a.example/privacy"})
	if err != nil {
		t.Fatal(err)
	}
	return d.Text()
}

func TestSniff(t *testing.T) {
	for _, tc := range []struct{ name, body, header, url, want string }{
		{"html", "<html>", "text/html; charset=utf-8", "", "text/html"},
		{"xhtml", "<?xml version='1.0'?><html>", "application/xhtml+xml", "", "text/html"},
		{"html as plain text", "<!DOCTYPE html><p>", "text/plain", "", "text/html"},
		{"html undeclared", " <!-- a --><div>x", "", "", "text/html"},
		{"html as xml", "<?xml version='1.0'?><!DOCTYPE html><html>", "application/xml", "", "text/html"},
		{"xml", "<?xml version='1.0'?><rss>", "text/xml", "", "text/xml"},
		{"pdf as html", "%PDF-1.4", "text/html", "", "application/pdf"},
		{"html about pdf", "<html><p>%PDF-1.4 is a marker", "text/html", "", "text/html"},
		{"text", "Privacy\nnotice", "text/plain", "", "text/plain"},
		{"text undeclared", "Privacy\nnotice", "", "", "text/plain"},
		{"text as octets", "Privacy\nnotice", "application/octet-stream", "", "text/plain"},
		{"markdown", "# x", "text/markdown", "", "text/markdown"},
		{"markdown by name", "# x", "text/plain", "https://a.example/PRIVACY.md?raw=1#top", "text/markdown"},
		{"docx", "PK\x03\x04aaaaword/document.xml", "application/zip", "", mediaDOCX},
		{"zip", "PK\x03\x04aaaa", "text/html", "", "application/zip"},
		{"gzip", "\x1f\x8b\x08", "text/html", "", "application/gzip"},
		{"binary", "ab\x00\x00\x00\x01", "text/html", "", "application/octet-stream"},
		{"json", "{}", "application/json", "", "application/json"},
		{"bad header", "Privacy", ";;", "", "text/plain"},
	} {
		if got := Sniff([]byte(tc.body), tc.header, tc.url); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Of guesses that are equally sure, the same one counts every time.
func TestGuessedCharsetIsStable(t *testing.T) {
	body := []byte("<p>edg\xe9\xb1ite</p>") // Shift_JIS, EUC-KR or GB 18030
	_, want, err := Decode(body, "text/html")
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, name, _ := Decode(body, "text/html"); name != want {
			t.Fatalf("Decode says %s, then %s", want, name)
		}
	}
}
