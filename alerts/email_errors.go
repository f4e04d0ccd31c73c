package alerts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"

	"github.com/wneessen/go-mail"
)

// judge says what a failed conversation means.
func (e *Email) judge(ctx context.Context, err error) *SendError {
	if ctx.Err() != nil {
		return &SendError{Kind: Retry, Reason: reasonTimeout, Err: errors.New("the mail server took too long")}
	}
	stage, code := mailConnect, 0
	text := err.Error()
	if answer, ok := errors.AsType[*textproto.Error](err); ok {
		code = answer.Code
	}
	if failed, ok := errors.AsType[*mail.SendError](err); ok {
		stage, code = mailStageOf(failed.Reason), failed.ErrorCode()
	}
	kind, reason := classifySMTP(stage, code)
	if code == 0 {
		kind, reason = classifyMailFailure(err, text)
	}
	hint := ""
	switch {
	case reason == reasonAuth:
		hint = " (check username, password and sender, then reload)"
	case kind == ReceiverDead && reason == reasonGone:
		hint = " (check the recipients, then reload)"
	}
	return &SendError{Kind: kind, Reason: reason, Err: &redactedError{text: e.safe(text) + hint, err: err}}
}

// safe makes what a server said fit to show: without the password in any form
// in which it goes over the line.
func (e *Email) safe(text string) string {
	if password := e.options.Password; password != "" {
		for _, secret := range []string{
			password,
			base64.StdEncoding.EncodeToString([]byte(password)),
			base64.StdEncoding.EncodeToString([]byte("\x00" + e.options.Username + "\x00" + password)),
		} {
			text = strings.ReplaceAll(text, secret, "<redacted>")
		}
	}
	return cutHead(cleanLine(text), 2*maxNote)
}

// mailStage is the part of a conversation that failed.
type mailStage int

const (
	mailConnect mailStage = iota // greeting, TLS, login
	mailSender
	mailRecipient
	mailContent
)

func mailStageOf(reason mail.SendErrReason) mailStage {
	switch reason {
	case mail.ErrSMTPMailFrom:
		return mailSender
	case mail.ErrSMTPRcptTo:
		return mailRecipient
	case mail.ErrSMTPData, mail.ErrSMTPDataClose, mail.ErrWriteContent, mail.ErrNoUnencoded:
		return mailContent
	default:
		return mailConnect
	}
}

// classifySMTP grades a reply. 4yz is for now, 5yz for good (RFC 5321 section
// 4.2.1); what is refused for good depends on what was being said.
func classifySMTP(stage mailStage, code int) (ErrorKind, string) {
	switch {
	case code >= 400 && code <= 499:
		return Retry, reasonServer
	case code < 500 || code > 599:
		return Retry, reasonOther
	case code == 530, code == 534, code == 535, code == 538: // RFC 4954 section 6
		return ReceiverDead, reasonAuth
	case stage == mailContent, stage == mailSender && code == 552: // RFC 1870: the announced size
		return PayloadDead, reasonPayload
	case stage == mailSender:
		return ReceiverDead, reasonAuth
	case stage == mailRecipient:
		return ReceiverDead, reasonGone
	}
	return ReceiverDead, reasonClient
}

// classifyMailFailure grades a conversation that ended without a reply.
func classifyMailFailure(err error, text string) (ErrorKind, string) {
	switch {
	case strings.Contains(text, "does not support STARTTLS"), strings.Contains(text, "does not support SMTP AUTH"),
		errors.Is(err, mail.ErrNoSupportedAuthDiscovered), strings.Contains(text, "unencrypted connection"):
		return ReceiverDead, reasonAuth
	case isCertificate(err):
		// It may have run out, and be renewed: nobody need touch the watcher.
		return Retry, reasonNetwork
	}
	failure := networkError(err)
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return Retry, reasonNetwork
	}
	return failure.Kind, failure.Reason
}

func isCertificate(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	return verification || authority
}
