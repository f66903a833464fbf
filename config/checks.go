package config

import "slices"

// check finds the mistakes that keys of a target make together, and drops what
// was inherited and has no meaning for this target. The defaults of the
// program are not filled in yet.
func (s *scope) check(t *Target) {
	s.checkBurst(&t.Burst)
	s.checkBody(t.Request)
	s.checkHeaders(t.Request)
	s.checkExpect(t)
	s.checkReuse(&t.Connection)
	s.checkProxy(t)
	s.checkFamily(t)
	s.checkVersion(t)
	s.checkTLS(t)
}

// conflict reports a mistake of several keys at the first that stands in this
// target itself or, when all are inherited, at the first of them.
func (s *scope) conflict(msg string, paths ...string) {
	i := slices.IndexFunc(paths, s.isOwn)
	if i < 0 {
		i = slices.IndexFunc(paths, s.isSet)
	}
	blamed := s.marks[paths[i]]
	s.add(blamed.key, blamed.where, paths[i], msg)
}

func (s *scope) isOwn(path string) bool { return s.isSet(path) && s.marks[path].where == s.where }

// sound tells that all of the keys were set, and without a mistake.
func (s *scope) sound(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return !s.isSet(path) || s.marks[path].bad })
}
