package crawler

import "watcher/normalize"

// mediaType says what header and magic bytes together tell, for example
// "text/html" or "application/pdf".
func mediaType(data []byte, contentType, url string) string {
	return normalize.Sniff(data, contentType, url)
}
