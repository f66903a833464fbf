package dns

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

func TestAnAnswerIsHeldAgainstWhatIsExpected(t *testing.T) {
	t.Parallel()
	three := func(q []byte) []byte {
		return says(q, alias(), a(300, 192, 0, 2, 1), a(20, 192, 0, 2, 2), a(60, 198, 51, 100, 3))
	}
	nothing := func(q []byte) []byte { return says(q) }
	missing := func(q []byte) []byte { return code(q, dnsmessage.RCodeNameError) }
	for name, test := range map[string]struct {
		says   func([]byte) []byte
		expect option.AnswerPattern
		code   errcode.Code
		text   string
	}{
		"records":                {three, option.AnswerPattern{Least: 1}, errcode.OK, ""},
		"as many as asked for":   {three, option.AnswerPattern{Least: 3}, errcode.OK, ""},
		"too few":                {three, option.AnswerPattern{Least: 4}, errcode.UnexpectedAnswers, "the answer has 3 of 4 records of the type A"},
		"none":                   {nothing, option.AnswerPattern{Least: 4}, errcode.NoSuchHost, "no record of the type A"},
		"none, as it may be":     {nothing, option.AnswerPattern{}, errcode.OK, ""},
		"none that could match":  {nothing, option.AnswerPattern{Regexp: "."}, errcode.UnexpectedAnswers, "none of the records (0) matches"},
		"none that could end":    {nothing, option.AnswerPattern{MinTTL: time.Hour}, errcode.OK, ""},
		"one that matches":       {three, option.AnswerPattern{Regexp: `^198\.51\.100\.`}, errcode.OK, ""},
		"the first that matches": {three, option.AnswerPattern{Regexp: `^192\.0\.2\.1$`}, errcode.OK, ""},
		"none that matches":      {three, option.AnswerPattern{Regexp: `^10\.`}, errcode.UnexpectedAnswers, "none of the records (3) matches"},
		"an alias is no match":   {three, option.AnswerPattern{Regexp: `end\.test`}, errcode.UnexpectedAnswers, "none of the records (3) matches"},
		"a TTL that suffices":    {three, option.AnswerPattern{MinTTL: 20 * time.Second}, errcode.OK, ""},
		"a TTL that does not":    {three, option.AnswerPattern{MinTTL: 21 * time.Second}, errcode.UnexpectedAnswers, "a record has a TTL of 20s"},
		"the code asked for":     {missing, option.AnswerPattern{Rcodes: []option.Rcode{option.RcodeNXDomain}, Least: 1}, errcode.OK, ""},
		"one of the codes":       {missing, option.AnswerPattern{Rcodes: []option.Rcode{option.RcodeSuccess, option.RcodeNXDomain}, Least: 1}, errcode.OK, ""},
		"no code where one must": {three, option.AnswerPattern{Rcodes: []option.Rcode{option.RcodeNXDomain}}, errcode.UnexpectedRcode, "the server answered NOERROR"},
		"another code":           {missing, option.AnswerPattern{Rcodes: []option.Rcode{option.RcodeRefused}}, errcode.NoSuchHost, "the server answered NXDOMAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := serve(t, always(test.says)).config(overUDP)
			cfg.Answer = test.expect
			e := newEngine(t, cfg)
			r := do(t.Context(), e, patience)
			assert.Equal(t, test.code, e.Code(r))
			assert.NoError(t, r.Err)
			assert.Equal(t, errcode.PhaseNone, r.FailedIn())
			if test.text == "" {
				assert.NoError(t, r.Unmet)
				return
			}
			assert.ErrorContains(t, r.Unmet, test.text)
		})
	}
	bad := serve(t, always(three)).config(overUDP)
	bad.Answer.Regexp = "("
	_, err := New(bad)
	assert.ErrorContains(t, err, "expect: answers.regexp")
}

func TestTheResultHasWhatTheAnswerSays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fill func(*dnsmessage.Message)
		want probe.DNS
	}{
		"the bit AD": {func(m *dnsmessage.Message) {
			m.AuthenticData, m.Answers = true, []dnsmessage.Resource{a(7, 192, 0, 2, 1)}
		}, probe.DNS{Answered: true, Answers: 1, TTL: 7, Authentic: true}},
		"signatures count for nothing": {func(m *dnsmessage.Message) {
			signature := record("name.test.", 1, &dnsmessage.UnknownResource{Type: 46, Data: []byte("signature")})
			m.Answers = []dnsmessage.Resource{signature, a(7, 192, 0, 2, 1), signature}
		}, probe.DNS{Answered: true, Answers: 1, TTL: 7}},
		"a TTL with the highest bit": {func(m *dnsmessage.Message) {
			m.Answers = []dnsmessage.Resource{a(1<<31, 192, 0, 2, 1)}
		}, probe.DNS{Answered: true, Answers: 1}},
		"what else is there": {func(m *dnsmessage.Message) {
			m.Answers = []dnsmessage.Resource{a(7, 192, 0, 2, 1)}
			m.Authorities = []dnsmessage.Resource{record("test.", 1, &dnsmessage.NSResource{NS: dnsmessage.MustNewName("ns.test.")})}
			m.Additionals = []dnsmessage.Resource{a(1, 192, 0, 2, 9)}
		}, probe.DNS{Answered: true, Answers: 1, TTL: 7}},
		"a name in capitals": {func(m *dnsmessage.Message) {
			m.Questions[0].Name = dnsmessage.MustNewName("NAME.TeSt.")
			m.Answers = []dnsmessage.Resource{a(7, 192, 0, 2, 1)}
		}, probe.DNS{Answered: true, Answers: 1, TTL: 7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, always(func(q []byte) []byte {
				var m dnsmessage.Message
				if err := m.Unpack(q); err != nil {
					return nil
				}
				m.Response, m.Additionals = true, nil
				test.fill(&m)
				packed, err := m.Pack()
				if err != nil {
					return nil
				}
				return packed
			}))
			for _, transport := range []option.DNSTransport{overUDP, overTCP, overTLS} {
				e := newEngine(t, s.config(transport))
				r := do(t.Context(), e, patience)
				assertSucceeds(t, e, r)
				assert.Equal(t, test.want, *r.DNS)
			}
		})
	}
}

func TestRecordsArePrintedAsDigDoes(t *testing.T) {
	t.Parallel()
	name := dnsmessage.MustNewName
	raw := func(kind dnsmessage.Type, data ...byte) dnsmessage.ResourceBody {
		return &dnsmessage.UnknownResource{Type: kind, Data: data}
	}
	service := func(params ...dnsmessage.SVCParam) dnsmessage.SVCBResource {
		return dnsmessage.SVCBResource{Priority: 1, Target: name("."), Params: params}
	}
	ipv6 := netip.MustParseAddr("2001:db8::1").As16()
	for _, test := range []struct {
		want string
		body dnsmessage.ResourceBody
	}{
		{"192.0.2.1", &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}},
		{"2001:db8::1", &dnsmessage.AAAAResource{AAAA: ipv6}},
		{"end.test.", &dnsmessage.CNAMEResource{CNAME: name("end.test.")}},
		{"ns.test.", &dnsmessage.NSResource{NS: name("ns.test.")}},
		{"a\\(\\032\\255\\@b.test.", &dnsmessage.PTRResource{PTR: name("a( \xff@b.test.")}},
		{"10 mail.test.", &dnsmessage.MXResource{Pref: 10, MX: name("mail.test.")}},
		{"0 .", &dnsmessage.MXResource{MX: name(".")}},
		{"1 2 5060 sip.test.", &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 5060, Target: name("sip.test.")}},
		{`"v=spf1 -all" "a\"b\\\009"`, &dnsmessage.TXTResource{TXT: []string{"v=spf1 -all", "a\"b\\\t"}}},
		{"ns.test. root.test. 1 2 3 4 4294967295", &dnsmessage.SOAResource{
			NS: name("ns.test."), MBox: name("root.test."), Serial: 1, Refresh: 2, Retry: 3, Expire: 4, MinTTL: 1<<32 - 1,
		}},
		{`0 issue "ca.test; policy=x"`, raw(typeCAA, append([]byte("\x00\x05issue"), "ca.test; policy=x"...)...)},
		{"20326 8 2 E06D", raw(typeDS, 0x4f, 0x66, 8, 2, 0xe0, 0x6d)},
		{"257 3 13 AQID", raw(typeDNSKEY, 1, 1, 3, 13, 1, 2, 3)},
		{"3 1 1 0AFF", raw(typeTLSA, 3, 1, 1, 0x0a, 0xff)},
		{`\# 2 0102`, raw(typeDS, 1, 2)},
		{`\# 3 000561`, raw(typeCAA, 0, 5, 'a')},
		{`\# 3 616263`, raw(99, 'a', 'b', 'c')},
		{`\# 2 0001`, raw(dnsmessage.TypeSOA, 0, 1)},
		{`1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AQI= ipv6hint=2001:db8::1`, &dnsmessage.HTTPSResource{SVCBResource: service(
			dnsmessage.SVCParam{Key: 1, Value: []byte("\x02h2\x02h3")},
			dnsmessage.SVCParam{Key: 3, Value: []byte{0x20, 0xfb}},
			dnsmessage.SVCParam{Key: 4, Value: []byte{192, 0, 2, 1, 192, 0, 2, 2}},
			dnsmessage.SVCParam{Key: 5, Value: []byte{1, 2}},
			dnsmessage.SVCParam{Key: 6, Value: ipv6[:]},
		)}},
		{`1 . mandatory=alpn,key9 no-default-alpn dohpath="/q{?dns}" key9="x"`, func() dnsmessage.ResourceBody {
			s := service(
				dnsmessage.SVCParam{Key: 0, Value: []byte{0, 1, 0, 9}},
				dnsmessage.SVCParam{Key: 2},
				dnsmessage.SVCParam{Key: 7, Value: []byte("/q{?dns}")},
				dnsmessage.SVCParam{Key: 9, Value: []byte("x")},
			)
			return &s
		}()},
		{`1 . alpn="\009h2" port="\001"`, func() dnsmessage.ResourceBody {
			s := service(dnsmessage.SVCParam{Key: 1, Value: []byte("\x09h2")}, dnsmessage.SVCParam{Key: 3, Value: []byte{1}})
			return &s
		}()},
	} {
		m := dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Answers: []dnsmessage.Resource{
			record("name.test.", 1, test.body), a(1, 192, 0, 2, 9),
		}}
		packed, err := m.Pack()
		require.NoError(t, err, test.want)
		var p dnsmessage.Parser
		_, err = p.Start(packed)
		require.NoError(t, err)
		require.NoError(t, p.SkipAllQuestions())
		h, err := p.AnswerHeader()
		require.NoError(t, err)
		text, err := appendRecord(nil, &p, &h)
		require.NoError(t, err, test.want)
		assert.Equal(t, test.want, string(text))
		h, err = p.AnswerHeader()
		require.NoError(t, err, test.want)
		text, err = appendRecord(nil, &p, &h)
		require.NoError(t, err)
		assert.Equal(t, "192.0.2.9", string(text), "the next one is read too")
	}
}
