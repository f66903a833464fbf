// Package compare says whether one version answers slower than another, or fails more often, and how
// sure that is. It draws no random numbers and reads no clock: the same samples give the same result.
//
// # What is compared
//
// The median, the quantiles 0.9 and 0.99 of the latency, and the share of failed requests. A failed
// request counts as slower than all successful ones (Lachin, Worst-rank score analysis, Controlled
// Clinical Trials 20, 1999), so a version that fails fast does not look better. Latencies are
// compared by the difference of their logarithms, the logarithm of their ratio.
//
// # Intervals
//
// A quantile of one side lies between two of its order statistics. A binomial variable lies between
// their ranks. No shape of the distribution is assumed (Woodruff, Confidence intervals for medians
// and other position measures, JASA 47, 1952). The interval of a share is Wilson's. The interval of a
// difference combines those of both sides, as Newcombe does for shares (Interval estimation for the
// difference between independent proportions, Statistics in Medicine 17, 1998, method 10) and Zou and
// Donner for any value (Construction of confidence limits about effect measures, Statistics in
// Medicine 27, 2008).
//
// # Requests that depend on each other
//
// A stall hits all requests of a moment. So a sample comes in slices of time. The contributions of
// the slices to a difference may scatter more than with independent requests. Then the intervals are
// widened by the root of the ratio, as for clusters in a survey, and use Student's distribution. The
// same is tried with slices joined by twos and fours. If both sides were fired together, the slices
// are taken in pairs, so common disturbances cancel out.
//
// # Verdicts
//
// The chance of a false alarm, 5 %, is divided among the measures by the procedure of Holm (A simple
// sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979), with
// weights. Two versions count as the same if the interval of 90 % lies within the margin: two
// one-sided tests (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
package compare
