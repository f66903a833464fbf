package config

import (
	"maps"
	"slices"
)

// clone returns a copy. The copy shares with t only the content of files, and URLs: nobody
// changes these. A new field with a slice, a map or a pointer has to be copied here:
// otherwise one target would change its defaults for the next.
func (t Target) clone() Target {
	t.Labels, t.Links = maps.Clone(t.Labels), maps.Clone(t.Links)
	t.Burst.Stages = slices.Clone(t.Burst.Stages)
	t.Request = t.Request.clone()
	t.GRPC.Metadata = slices.Clone(t.GRPC.Metadata)
	t.Connection.Resolve = slices.Clone(t.Connection.Resolve)
	t.Connection.Proxy.NoProxy = slices.Clone(t.Connection.Proxy.NoProxy)
	t.Expect.Status = slices.Clone(t.Expect.Status)
	t.Expect.Headers = slices.Clone(t.Expect.Headers)
	t.Expect.Body.JSON = maps.Clone(t.Expect.Body.JSON)
	t.DNS = clonePointer(t.DNS)
	t.Expect.Rcode = slices.Clone(t.Expect.Rcode)
	t.Expect.GRPCStatus = slices.Clone(t.Expect.GRPCStatus)
	t.Expect.Message = maps.Clone(t.Expect.Message)
	t.Breaker = clonePointer(t.Breaker)
	t.Objective = clonePointer(t.Objective)
	t.KeepFailures = clonePointer(t.KeepFailures)
	t.Thresholds = slices.Clone(t.Thresholds)
	t.Compare = clonePointer(t.Compare)
	t.Data = slices.Clone(t.Data)
	return t
}

// clone shares the values of headers and parameters with the copy: they are
// only ever replaced as a whole.
func (r Request) clone() Request {
	r.Headers = slices.Clone(r.Headers)
	r.Compression = slices.Clone(r.Compression)
	r.BasicAuth = clonePointer(r.BasicAuth)
	r.Authorization = clonePointer(r.Authorization)
	r.OAuth2 = clonePointer(r.OAuth2)
	if r.OAuth2 != nil {
		r.OAuth2.Scopes = slices.Clone(r.OAuth2.Scopes)
		r.OAuth2.EndpointParams = maps.Clone(r.OAuth2.EndpointParams)
	}
	return r
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
