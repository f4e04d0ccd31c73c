package app

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"watcher/alerts"
	"watcher/config"
	"watcher/normalize"
	"watcher/upkeep"
)

// Options configure an App. The zero value of a field means its default.
type Options struct {
	// ConfigFile is read by New and by every Reload. Load, when set, takes
	// its place: for a configuration that is not in a file.
	ConfigFile string
	Load       func() (*config.Config, error)
	// StoragePath is the store's file; the run file stands beside it.
	StoragePath string
	// ReadOnly opens the store for looking only: for a dry run.
	ReadOnly bool
	// LockTimeout bounds the wait for a store that another process holds.
	LockTimeout time.Duration

	Web Web

	Logger *slog.Logger
	// Registry receives all metrics; nil makes a new one.
	Registry *prometheus.Registry
	// Clock defaults to time.Now, Random to a seeded generator.
	Clock  func() time.Time
	Random func() float64
	// Dial and Resolver replace the network of the crawler, for tests.
	Dial     func(ctx context.Context, network, addr string) (net.Conn, error)
	Resolver *net.Resolver
	// PDFText reads PDF files; nil leaves them unsupported.
	PDFText normalize.PDFText
	// VerifyCommand is the program that calls bolt.VerifyChild, and its
	// arguments; without it stores are verified in this process.
	VerifyCommand []string
	// Free returns the room on a directory's disk; it defaults to upkeep.Free.
	Free func(dir string) (n int64, ok bool)
	// Output is where the log receiver writes.
	Output io.Writer
	// Delivered is called after every delivery.
	Delivered func(m alerts.Message, receiver string)

	Version, Revision, GoVersion string
}

// Web configures the HTTP side.
type Web struct {
	// ListenAddress is host:port; port 0 takes a free one.
	ListenAddress string
	// ConfigFile is an exporter-toolkit file for TLS and authentication.
	ConfigFile string
	// ExternalURL is the base of links in alerts; it defaults to the address
	// listened on.
	ExternalURL string
	// Insecure allows to listen beyond loopback without a ConfigFile.
	Insecure bool
	// AdminUsers are the users of ConfigFile who may change something; empty means
	// all of them.
	AdminUsers []string
}

// DefaultListenAddress is loopback: the pages need no authentication there.
const DefaultListenAddress = "127.0.0.1:9847"

// grace is how long checks in flight may go on after Stop.
const grace = 25 * time.Second

func (o Options) withDefaults() Options {
	if o.Load == nil {
		file := o.ConfigFile
		o.Load = func() (*config.Config, error) { return config.Load(file) }
	}
	if o.Web.ListenAddress == "" {
		o.Web.ListenAddress = DefaultListenAddress
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Free == nil {
		o.Free = upkeep.Free
	}
	if o.Output == nil {
		o.Output = io.Discard
	}
	return o
}
