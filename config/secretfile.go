package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretFile bounds a secret file in bytes.
const maxSecretFile = 64 << 10

// readSecret fills value from the file that key fileKey names. Exactly one of
// the two keys must be there.
func (d *decoder) readSecret(p place, key, fileKey, name string, value *Secret, t scalar[Secret]) {
	switch {
	case p.has(key) && p.has(fileKey):
		d.report(p.at(fileKey), "keep one of the two", "`%s` and `%s` exclude each other", key, fileKey)
	case p.has(key):
		if d.refuseRedacted && *value == Redacted {
			d.report(p.at(key), "put the secret into a file and name that with `"+fileKey+":`", "%s stands for a secret, it is none", Redacted)
		}
	case !p.has(fileKey):
		d.report(p, "add `"+fileKey+": <filename>`", "needs `%s` or `%s`", key, fileKey)
	case name != "":
		d.loadSecret(p.at(fileKey), name, value, t)
	}
}

// loadSecret reads the file called name, which is relative to d.dir.
func (d *decoder) loadSecret(p place, name string, value *Secret, t scalar[Secret]) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.dir, name)
	}
	text, bad := readSecretFile(name)
	if bad == nil && strings.TrimSpace(text) == Redacted {
		bad = faultf("write the secret into it", "file %s holds the mark %s, not a secret", name, Redacted)
	}
	if bad != nil {
		d.report(p, bad.hint, "%s", bad.message)
		return
	}
	v, bad := t.parse(text)
	if bad != nil {
		d.report(p, bad.hint, "content of %s: %s", name, bad.message)
		return
	}
	*value = v
}

// readSecretFile returns the content of a file without its last newline.
func readSecretFile(name string) (string, *fault) {
	info, err := os.Stat(name)
	if err == nil && !info.Mode().IsRegular() { // a pipe would block for ever
		return "", faultf("name a regular file", "%s is not a regular file", name)
	}
	b, err := readCapped(name, maxSecretFile)
	switch {
	case errors.Is(err, errTooLarge):
		return "", faultf("is this the right file?", "file %s is larger than %s", name, formatSize(maxSecretFile))
	case errors.Is(err, fs.ErrNotExist):
		return "", faultf("create it; a relative name begins at the configuration file", "file %s does not exist", name)
	case err != nil:
		return "", faultf("let the user of the daemon read it", "cannot read the file: %v", err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if strings.TrimSpace(text) == "" {
		return "", faultf("write the secret into it", "file %s is empty", name)
	}
	return text, nil
}
