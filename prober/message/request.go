package message

// Request is what a request says in every version of HTTP, but for its content
// and the fields that vary.
type Request struct {
	Method string
	// Scheme, Authority and Target say what it is for: Target is the path and the query,
	// or a whole URL where a proxy takes the request.
	Scheme, Authority, Target string
	// Fields in their order, without Host.
	Fields []Field
	// VariesTarget means that the target goes on with what the stamp of each request has,
	// VariesContent that the content is another in each one.
	VariesTarget, VariesContent bool
}
