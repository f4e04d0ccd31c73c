package ota

import "watcher/policy"

// Kind returns the kind of a document type of Open Terms Archive, and whether
// the type is one that its list has or had. Another type becomes a word of its
// own, "" when it has no ASCII letter or digit.
func Kind(documentType string) (k policy.Kind, known bool) {
	if k, known = kinds()[documentType]; known {
		return k, true
	}
	return policy.Kind(policy.Slug(documentType)), false
}

// kinds are the types of the terms-types list, up to its version of 2026, and
// those that it dropped. No two share a kind.
func kinds() map[string]policy.Kind {
	return map[string]policy.Kind{
		"Privacy Policy":           policy.KindPrivacy,
		"Terms of Service":         policy.KindTerms,
		"Trackers Policy":          policy.KindCookies,
		"Data Processor Agreement": policy.KindDPA,

		"Acceptable Use Policy":           "acceptable-use",
		"Accessibility Statement":         "accessibility",
		"Advertising Content Policy":      "advertising-content",
		"Affiliate Agreement":             "affiliates",
		"Anti-corruption Policy":          "anti-corruption",
		"Brand Guidelines":                "brand",
		"Business Mediation Policy":       "business-mediation",
		"Business Privacy Policy":         "business-privacy",
		"Closed Captioning Policy":        "captioning",
		"Commercial Terms":                "commercial-terms",
		"Community Guidelines":            "community",
		"Complaints Policy":               "complaints",
		"Conditions of Carriage":          "carriage",
		"Content Monetisation Policy":     "monetisation",
		"Copyright Claims Policy":         "copyright",
		"Data Controller Agreement":       "data-controller",
		"Deceased Users":                  "deceased-users",
		"Developer Terms":                 "developer-terms",
		"Editorial Policy":                "editorial",
		"General Conditions of Sale":      "sale",
		"Human Rights Policy":             "human-rights",
		"Hyperlinks Policy":               "hyperlinks",
		"Imprint":                         "imprint",
		"In-App Purchases Policy":         "in-app-purchases",
		"Law Enforcement Guidelines":      "law-enforcement",
		"Live Policy":                     "live",
		"Marketplace Buyers Conditions":   "marketplace-buyers",
		"Marketplace Sellers Conditions":  "marketplace-sellers",
		"Platform to Business Notice":     "platform-to-business",
		"Premium Partner Conditions":      "premium-partners",
		"Quality Guidelines":              "quality",
		"Ranking Parameters Description":  "ranking",
		"Restricted Use Policy":           "restricted-use",
		"Review Guidelines":               "review",
		"Seller Warranty":                 "seller-warranty",
		"Service Level Agreement":         "service-level",
		"Single Sign-On Policy":           "single-sign-on",
		"User Consent Policy":             "consent",
		"Vulnerability Disclosure Policy": "vulnerability-disclosure",
		"Whistleblower Policy":            "whistleblowers",

		"Ad Publishing Policy":               "ad-publishing",
		"Parent Organization Privacy Policy": "parent-privacy",
		"Parent Organization Terms":          "parent-terms",
	}
}
