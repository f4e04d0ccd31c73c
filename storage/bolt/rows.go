package bolt

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"watcher/policy"
)

// Rows are JSON, in which names are longer than values and much is in every row:
// a check of 110 bytes and a capture of 1,500 say little that the one before did
// not. So rows are zstd frames with a dictionary of what rows usually say; the
// rows of a store of real checks take a third of the space that way.

// codecRow marks a row that is such a frame. Rows of format 1, and rows so short
// that nothing is won, are JSON and begin with a brace.
const codecRow = 'r'

// rowDict is the number by which frames name the dictionary below. The
// dictionary is a part of the format: another one gets another number, and this
// one stays.
const rowDict = 2

// rowShortest is the length in bytes from which rows are made smaller.
const rowShortest = 64

// rowWords is the dictionary. What is most common stands last, where it costs
// least.
const rowWords = `"rule":"operator_accept","rule":"redirected_home","rule":"language_changed","rule":"confirmed_shrink","rule":"select_unmatched","rule":"anchor_missing","rule":"consent_wall","rule":"no_vocabulary","rule":"challenge_header","rule":"host_changed","rule":"error_page","rule":"login_form","rule":"too_short","rule":"challenge","rule":"shrunk","rule":"variant","rule":"status"` +
	`"event":"policy_reverted","event":"policy_moved","event":"policy_recovered","event":"policy_unreachable","event":"policy_quarantined","event":"policy_variant","event":"extraction_degraded","event":"page_noisy"` +
	`{"id":"alt_","receiver":"","event":{"id":"evt_","type":"policy_changed","policy":{"id":"","vendor":"","kind":"privacy","url":"https://www.","tags":[],"lang":"en"},"at":"2026-","from":{"version":1,"captured_at":"2026-","first_seen_at":"2026-","sha256":"},"to":{"version":2,"captured_at":"2026-","sha256":"},"significance":"material","summary":"Retention: The date still says ","categories":["first_party_collection","third_party_sharing","user_choice","user_access","data_retention","data_security","policy_change","do_not_track","international_specific_audiences","other"],"dates":["date_bumped_text_same","silent_change","placeholder_resolved"]},"state":"pending","state":"delivered","seq":1,"created_at":"2026-","next_attempt":"2026-","attempts":1,"last_attempt":"2026-","delivered_at":"2026-","last_error":"","receipt":"","key":1}` +
	`{"policy":"","number":2,"kind":"baseline","kind":"technical","kind":"revert","kind":"change","capture":1,"captured_at":"2026-","first_seen_at":"2026-","last_seen_at":"2026-","sha256":"","words":2400,"lang":"en","title":"Privacy Policy","normalizer":"","from":1,"significance":"minor","summary":"","categories":["third_party_sharing","data_retention"],"document_at":1,"change_at":1}` +
	`"error":"no answer within the time allowed (timeout)","outcome":"quarantined","outcome":"rejected","outcome":"failed","outcome":"unconfirmed","outcome":"baseline","outcome":"changed","outcome":"reverted","outcome":"technical","outcome":"skipped","detail":""` +
	`"X-Powered-By":["PHP/"],"Accept-Ranges":["bytes"],"Access-Control-Allow-Origin":["*"],"Age":["0"],"Alt-Svc":["h3=\":443\"; ma=86400"],"Cache-Control":["public, max-age=0, must-revalidate, no-cache, no-store, private"],"Cf-Cache-Status":["DYNAMIC"],"Cf-Ray":[""],"Connection":["keep-alive"],"Content-Encoding":["gzip"],"Content-Language":["en"],"Content-Security-Policy":["default-src 'self' 'unsafe-inline' frame-ancestors upgrade-insecure-requests"],"Content-Type":["text/html; charset=utf-8"],"Date":["Mon, Tue, Wed, Thu, Fri, Sat, Sun, Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2026 GMT"],"Etag":["W/\""],"Expires":["Thu, 19 Nov 1981 08:52:00 GMT"],"Last-Modified":[" GMT"],"Link":["<https://www./>; rel=\"canonical\""],"Nel":["{\"report_to\":\"cf-nel\",\"success_fraction\":0.0,\"max_age\":604800}"],"Permissions-Policy":["geolocation=()"],"Pragma":["no-cache"],"Referrer-Policy":["strict-origin-when-cross-origin"],"Report-To":[""],"Server":["cloudflare","nginx","Apache","AmazonS3","Microsoft-IIS/10.0"],"Set-Cookie":["[redacted]"],"Strict-Transport-Security":["max-age=31536000; includeSubDomains; preload"],"Transfer-Encoding":["chunked"],"Vary":["Accept-Encoding, User-Agent"],"Via":["1.1 varnish"],"X-Cache":["Hit from cloudfront"],"X-Content-Type-Options":["nosniff"],"X-Frame-Options":["SAMEORIGIN"],"X-Xss-Protection":["1; mode=block"]` +
	`{"id":1,"policy":"","source":"wayback","source":"browser","source":"live","url":"https://www.","final_url":"https://www.","hops":[{"url":"https://www.","status":301,"location":"https://www.","remote_addr":""},{"url":"https://www.","status":200,"remote_addr":":443"}],"status":200,"header":{},"remote_addr":":443","tls":{"version":"TLS 1.3","cipher":"TLS_AES_128_GCM_SHA256","leaf_sha256":"","issuer":"CN=,O=Let's Encrypt,O=Google Trust Services,O=DigiCert Inc,C=US","not_after":"2026-"},"started_at":"2026-","captured_at":"2026-","duration_ns":1,"content_type":"text/html; charset=utf-8","media_type":"text/html","content_encoding":"gzip","wire_bytes":1,"size":1,"sha256":"","not_modified":true,"attempts":1,"verdict":{"kind":"quarantined","kind":"accepted"},"key":1,"body_at":1}` +
	`{"policy":"","outcome":"not_modified","outcome":"unchanged","at":"2025-T:00Z","at":"2026-T:00Z","duration_ns":1,"captured_at":"2026-T:00Z","first_seen_at":"2026-T:00Z","capture":1,"source":"live","status":200,"version":1,"from_version":1,"kind":"change","significance":"minor","event":"policy_changed","rule":""}`

// squeezes reports whether the rows of a bucket are made smaller.
func squeezes(bucket string) bool {
	switch bucket {
	case captureBucket, checkBucket, versionBucket, outboxBucket, stateBucket:
		return true
	}
	return false
}

// rowCodec makes rows smaller and back. It is safe for concurrent use.
type rowCodec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newRowCodec() (rowCodec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(1<<16), zstd.WithSingleSegment(true), zstd.WithEncoderDictRaw(rowDict, []byte(rowWords)))
	if err != nil {
		return rowCodec{}, fmt.Errorf("zstd encoder of rows: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPayload), zstd.WithDecoderConcurrency(2), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderDictRaw(rowDict, []byte(rowWords)))
	if err != nil {
		return rowCodec{}, fmt.Errorf("zstd decoder of rows: %w", err)
	}
	return rowCodec{enc, dec}, nil
}

func (c rowCodec) close() {
	c.dec.Close()
	_ = c.enc.Close() // has no stream to flush
}

// squeeze returns the form in which a row is stored.
func (c rowCodec) squeeze(bucket string, row []byte) []byte {
	if !squeezes(bucket) || len(row) < rowShortest || row[0] != '{' {
		return row
	}
	if small := c.enc.EncodeAll(row, []byte{codecRow}); len(small) < len(row) {
		return small
	}
	return row
}

// expand undoes squeeze.
func (c rowCodec) expand(bucket string, payload []byte) ([]byte, error) {
	if len(payload) == 0 || payload[0] != codecRow || !squeezes(bucket) {
		return payload, nil
	}
	row, err := c.dec.DecodeAll(payload[1:], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: row: zstd: %w", policy.ErrDamaged, err)
	}
	return row, nil
}
