package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"

	"watcher/policy"
)

//go:embed static/style.css static/icon.svg static/page.js
var staticFiles embed.FS

//go:embed templates/*.html
var templateFiles embed.FS

// assets are the static files under names that hold their digest: a name never
// changes its content, so browsers may keep it for ever.
type assets struct {
	css, icon, js string
	files         map[string]asset
}

type asset struct {
	contentType string
	body        []byte
}

func loadAssets() (assets, error) {
	a := assets{files: map[string]asset{}}
	var err error
	if a.css, err = a.add("static/style.css", "text/css; charset=utf-8"); err != nil {
		return a, err
	}
	if a.js, err = a.add("static/page.js", "text/javascript; charset=utf-8"); err != nil {
		return a, err
	}
	a.icon, err = a.add("static/icon.svg", "image/svg+xml")
	return a, err
}

func (a assets) add(file, contentType string) (string, error) {
	body, err := staticFiles.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("static file: %w", err)
	}
	sum := sha256.Sum256(body)
	name := hex.EncodeToString(sum[:8]) + path.Ext(file)
	a.files[name] = asset{contentType, body}
	return "/static/" + name, nil
}

func (s *server) static(w http.ResponseWriter, r *http.Request) {
	file, ok := s.assets.files[r.PathValue("name")]
	if !ok {
		s.fail(w, r, fmt.Errorf("static file: %w", policy.ErrNotFound))
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	s.write(w, http.StatusOK, file.contentType, file.body)
}
