// Package browser captures pages that only exist once their scripts have run. It
// drives a Chromium over the DevTools protocol: one that it starts itself, or one
// that runs beside it.
//
// The browser is a guest that is not trusted. All its connections go through a
// proxy of ours, which asks the crawler's guard about every address after its
// name was looked up; each page has a context of its own, may load so many bytes
// and take so long, and cannot download; and the whole program is thrown away
// every so many pages. It disguises nothing: a vendor that turns it away is a
// finding.
package browser
