// An example of a program of others that uses the error codes.
module example.com/fetch

go 1.26.0

require example.com/prober v0.0.0

require (
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

// Where the module proxy has no release of the prober, a checkout of it takes its place.
replace example.com/prober => ../..
