// Package compare says whether one version answers slower than another, or fails more often, and
// how sure that is. It draws no random numbers and reads no clock: the same samples give the
// same result.
//
// # What is compared
//
// The median, the quantiles 0.9 and 0.99 of the latency, and the share of requests that failed.
// A request that failed is slower than all that succeeded (Lachin, Worst-rank score analysis,
// Controlled Clinical Trials 20, 1999): who fails fast does not look better. Latencies
// are compared as the difference of their logarithms, which is the logarithm of their ratio.
//
// # Intervals
//
// A quantile of one side lies between two of its order statistics, those whose ranks a binomial
// variable lies between; nothing is assumed of the shape of the distribution (Woodruff, Confidence
// intervals for medians and other position measures, JASA 47, 1952). The interval of a share is
// that of Wilson. The interval of a difference is made of those of both sides as Newcombe does it for
// shares (Interval estimation for the difference between independent proportions, Statistics in
// Medicine 17, 1998, method 10) and Zou and Donner for any value (Construction of
// confidence limits about effect measures, Statistics in Medicine 27, 2008).
//
// # Requests that hang on each other
//
// A stall hits all requests of a moment. So a sample comes in slices of time. If what the slices add
// to a difference scatters more than it would with independent requests, the intervals are
// widened by the root of the ratio, as for clusters in a survey, and take Student's
// distribution. Slices are joined by twos and fours for this too. Where both sides were
// fired together, the slices are taken in pairs, so that what hits both cancels out.
//
// # Verdicts
//
// The chance of a false alarm, 5 %, is divided among the measures by the procedure of Holm (A simple
// sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979), with
// weights. Two versions count as the same where the interval of 90 % lies within the margin: two
// one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
package compare
