package message

// Request is a request in every version of HTTP, without its content and the fields that
// vary.
type Request struct {
	Method string
	// Scheme, Authority and Target identify its resource: Target is the path and the
	// query, or a whole URL if a proxy takes the request.
	Scheme, Authority, Target string
	// Fields in their order, without Host.
	Fields []Field
	// VariesTarget means that the stamp of each request has the rest of the target.
	// VariesContent means that each request has its own content.
	VariesTarget, VariesContent bool
}
