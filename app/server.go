package app

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"

	"watcher/web"
)

// webConfig is the part of an exporter-toolkit file that this program has to
// know: whether there is TLS and whether somebody is asked for a password.
type webConfig struct {
	TLS struct {
		CertFile   string `yaml:"cert_file"`
		Cert       string `yaml:"cert"`
		ClientAuth string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
	Users map[string]string `yaml:"basic_auth_users"`
}

// secure reports whether connections are encrypted.
func (c webConfig) secure() bool { return c.TLS.CertFile != "" || c.TLS.Cert != "" }

// authenticates reports whether everybody is asked who they are.
func (c webConfig) authenticates() bool {
	return len(c.Users) > 0 || c.TLS.ClientAuth == "RequireAndVerifyClientCert" || c.TLS.ClientAuth == "RequireAnyClientCert"
}

func readWebConfig(file string) (webConfig, error) {
	var c webConfig
	if file == "" {
		return c, nil
	}
	b, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return c, err
	}
	if err := yaml.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, toolkit.Validate(file)
}

// listen opens the listeners, serves on them and leaves the run file.
func (a *App) listen(ctx context.Context) error {
	o := a.opts
	wc, err := readWebConfig(o.Web.ConfigFile)
	if err != nil {
		return fmt.Errorf("web configuration: %w", err)
	}
	if err := guardListen(o.Web, wc); err != nil {
		return err
	}
	var lc net.ListenConfig
	if a.listener, err = lc.Listen(ctx, "tcp", o.Web.ListenAddress); err != nil {
		return fmt.Errorf("listen on %s: %w (is another watcher running? choose another --web.listen-address)", o.Web.ListenAddress, err)
	}
	a.onStop("close listener", func(context.Context) error { return ignoreClosed(a.listener.Close()) })
	if o.Web.ExternalURL == "" {
		a.dispatcher.SetExternalURL(externalURL(a.Addr(), wc.secure()))
	}
	handler, err := a.handler(wc)
	if err != nil {
		return err
	}
	server := newServer(handler)
	server.RegisterOnShutdown(a.events.Close)
	go a.serve(server)
	a.onStop("stop serving", func(ctx context.Context) error { return shutdown(ctx, server) })
	address, err := a.listenLocal(ctx, handler)
	if err != nil {
		return err
	}
	run := RunFile{PID: os.Getpid(), Address: address, Token: a.token, Started: o.Clock().UTC()}
	if err := run.write(o.StoragePath); err != nil {
		return fmt.Errorf("write run file: %w", err)
	}
	a.onStop("remove run file", func(context.Context) error { return removeRunFile(o.StoragePath) })
	return nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10, IdleTimeout: 2 * time.Minute}
}

// externalURL is where people reach the pages when nobody said: the address
// listened on, or this host's name when that is all addresses.
func externalURL(address string, secure bool) string {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(address)
	if ip, perr := netip.ParseAddr(host); err == nil && perr == nil && ip.IsUnspecified() {
		if name, herr := os.Hostname(); herr == nil {
			address = net.JoinHostPort(name, port)
		}
	}
	return scheme + address
}

// listenLocal returns the address at which commands on this machine reach the
// daemon. A plain loopback listener serves them too; one with TLS, users or a
// wider address does not (exporter-toolkit would ask for a password before the
// run file's token is seen), so they get a listener of their own, on which
// nothing is answered without the token.
func (a *App) listenLocal(ctx context.Context, handler http.Handler) (string, error) {
	if host, _, err := net.SplitHostPort(a.Addr()); a.opts.Web.ConfigFile == "" && err == nil && isLoopback(host) {
		return "http://" + a.Addr(), nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for commands on this machine: %w", err)
	}
	server := newServer(a.requireToken(handler))
	server.RegisterOnShutdown(a.events.Close)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.fail(fmt.Errorf("serve commands on this machine: %w", err))
		}
	}()
	a.onStop("stop serving commands", func(ctx context.Context) error { return shutdown(ctx, server) })
	return "http://" + l.Addr().String(), nil
}

func (a *App) requireToken(next http.Handler) http.Handler {
	want := []byte("Bearer " + a.token)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			http.Error(w, "this address is for commands that read the run file", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (a *App) serve(server *http.Server) {
	none, file := false, a.opts.Web.ConfigFile
	flags := &toolkit.FlagConfig{WebListenAddresses: &[]string{a.Addr()}, WebSystemdSocket: &none, WebConfigFile: &file}
	if err := toolkit.Serve(a.listener, server, flags, a.opts.Logger); err != nil && !errors.Is(err, http.ErrServerClosed) && !a.stopping.Load() {
		a.fail(fmt.Errorf("serve: %w", err))
	}
}

func shutdown(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		// A request that does not end must not keep the program alive.
		return server.Close()
	}
	return nil
}

func (a *App) handler(wc webConfig) (http.Handler, error) {
	o := a.opts
	return web.New(web.Options{
		Store: a.store, Requeue: a.Requeue, Renormalize: a.Renormalize, Policies: a.Policies, Actions: a, Upkeep: a, Delivery: a,
		Metrics: promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{Registry: o.Registry, ErrorHandling: promhttp.ContinueOnError}),
		Ready:   a.Readiness, Token: a.token, TrustAuth: wc.authenticates(),
		Held: a.Held, Receivers: func() []string { return ReceiverNames(a.Config()) },
		Config: func() []byte { return a.Config().YAML() }, Events: a.events, Admins: o.Web.AdminUsers,
		ListenHosts: []string{a.Addr(), o.Web.ListenAddress}, ExternalURL: o.Web.ExternalURL,
		Clock: o.Clock, Logger: o.Logger, Version: o.Version,
		TimeZone: func() *time.Location { return a.Config().TimeZone },
	})
}

// Requeue makes an alert pending again, whatever became of it.
func (a *App) Requeue(ctx context.Context, alertID string) error {
	if err := a.store.RequeueAlert(ctx, alertID, a.opts.Clock().UTC()); err != nil {
		return err
	}
	a.dispatcher.Wake()
	return nil
}

// guardListen refuses to show the pages to a network without authentication.
func guardListen(w Web, wc webConfig) error {
	if wc.authenticates() || w.Insecure {
		return nil
	}
	host, _, err := net.SplitHostPort(w.ListenAddress)
	if err != nil {
		return fmt.Errorf("listen address %q: %w (want host:port)", w.ListenAddress, err)
	}
	if isLoopback(host) {
		return nil
	}
	return fmt.Errorf("refusing to listen on %s without authentication (name a --web.config.file with basic_auth_users or required client certificates, or --web.insecure if something in front of it guards the port)", w.ListenAddress)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Addr returns the address listened on, "" before Start.
func (a *App) Addr() string {
	if a.listener == nil {
		return ""
	}
	return a.listener.Addr().String()
}

// Token returns the secret that the run file carries.
func (a *App) Token() string { return a.token }

// Readiness says whether the program does its work, and what is wrong.
func (a *App) Readiness() web.Readiness {
	r := web.Readiness{Ready: a.started.Load() && !a.stopping.Load(), ConfigOK: true, Detail: []string{}}
	if !r.Ready {
		r.Detail = append(r.Detail, "starting or stopping")
	}
	if err := a.loop.Healthy(); err != nil {
		r.Ready = false
		r.Detail = append(r.Detail, "checks do not run: "+err.Error())
	}
	if err := a.keeper.Low(); err != nil {
		r.Ready = false
		r.Detail = append(r.Detail, "checks are stopped: "+err.Error())
	}
	r.Detail = append(r.Detail, a.keeper.Notes()...)
	if err := a.reloadErr.Load(); err != nil && *err != nil {
		r.ConfigOK = false
		r.Detail = append(r.Detail, "the last reload failed, an older configuration is in force: "+(*err).Error())
	}
	return r
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
