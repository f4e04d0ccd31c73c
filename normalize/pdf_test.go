package normalize

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestPDF(t *testing.T) {
	var pages []string
	for i, what := range []string{"orders", "visits", "letters", "calls"} {
		i++
		pages = append(pages, fmt.Sprintf(`Acme Corporation – Privacy Policy
%d. Section number %d

In this part we say which personal data we collect when you use our services and infor-
mation that is left to us by others, and for which purposes we process all of it here.
• names and addresses of customers
• %s and payments
Page %d of 4
`, i, i, what, i))
	}
	n, err := New(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Body: []byte("%PDF-1.7 …"), ContentType: "application/pdf"}
	if _, err := n.Document(in); !errors.Is(err, ErrUnsupported) {
		t.Errorf("without a reader: %v", err)
	}
	doc, err := n.WithPDF(func([]byte) ([]string, error) { return pages, nil }).Document(in)
	if err != nil {
		t.Fatal(err)
	}
	text := doc.Text()
	for _, want := range []string{"1. Section number 1", "4. Section number 4", "services and information that is left to us by others, and for which purposes we process all of it here.", "- orders and payments"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	for _, gone := range []string{"Acme Corporation", "Page 2 of 4", "infor-"} {
		if strings.Contains(text, gone) {
			t.Errorf("%q is there:\n%s", gone, text)
		}
	}
	broken := errors.New("it loops")
	if _, err := n.WithPDF(func([]byte) ([]string, error) { return nil, broken }).Document(in); !errors.Is(err, broken) || !errors.Is(err, ErrUnsupported) {
		t.Errorf("error = %v", err)
	}
}
