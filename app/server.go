package app

import (
	"context"
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
	TLS   map[string]any    `yaml:"tls_server_config"`
	Users map[string]string `yaml:"basic_auth_users"`
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

// listen opens the listener, serves on it and leaves the run file.
func (a *App) listen(ctx context.Context) error {
	o := a.opts
	wc, err := readWebConfig(o.Web.ConfigFile)
	if err != nil {
		return fmt.Errorf("web configuration: %w", err)
	}
	if err := guardListen(o.Web); err != nil {
		return err
	}
	var lc net.ListenConfig
	if a.listener, err = lc.Listen(ctx, "tcp", o.Web.ListenAddress); err != nil {
		return fmt.Errorf("listen on %s: %w (is another watcher running? choose another --web.listen-address)", o.Web.ListenAddress, err)
	}
	a.onStop("close listener", func(context.Context) error { return ignoreClosed(a.listener.Close()) })
	address := "http://" + a.Addr()
	if len(wc.TLS) > 0 {
		address = "https://" + a.Addr()
	}
	if o.Web.ExternalURL == "" {
		a.dispatcher.SetExternalURL(address)
	}
	handler, err := a.handler(wc)
	if err != nil {
		return err
	}
	a.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10, IdleTimeout: 2 * time.Minute,
	}
	go a.serve()
	a.onStop("stop serving", a.shutdown)
	run := RunFile{PID: os.Getpid(), Address: address, Token: a.token, Started: o.Clock().UTC()}
	if err := run.write(o.StoragePath); err != nil {
		return fmt.Errorf("write run file: %w", err)
	}
	a.onStop("remove run file", func(context.Context) error { return removeRunFile(o.StoragePath) })
	return nil
}

func (a *App) serve() {
	none, file := false, a.opts.Web.ConfigFile
	flags := &toolkit.FlagConfig{WebListenAddresses: &[]string{a.Addr()}, WebSystemdSocket: &none, WebConfigFile: &file}
	if err := toolkit.Serve(a.listener, a.server, flags, a.opts.Logger); err != nil && !errors.Is(err, http.ErrServerClosed) && !a.stopping.Load() {
		a.fail(fmt.Errorf("serve: %w", err))
	}
}

func (a *App) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if err := a.server.Shutdown(ctx); err != nil {
		// A request that does not end must not keep the program alive.
		return a.server.Close()
	}
	return nil
}

func (a *App) handler(wc webConfig) (http.Handler, error) {
	o := a.opts
	return web.New(web.Options{
		Store: a.store, Requeue: a.Requeue, Policies: a.Policies, Actions: a,
		Metrics: promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{Registry: o.Registry, ErrorHandling: promhttp.ContinueOnError}),
		Ready:   a.Readiness, Token: a.token, TrustAuth: len(wc.Users) > 0,
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
func guardListen(w Web) error {
	if w.ConfigFile != "" || w.Insecure {
		return nil
	}
	host, _, err := net.SplitHostPort(w.ListenAddress)
	if err != nil {
		return fmt.Errorf("listen address %q: %w (want host:port)", w.ListenAddress, err)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("refusing to listen on %s without authentication (set --web.config.file, or --web.insecure if something in front of it guards the port)", w.ListenAddress)
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
