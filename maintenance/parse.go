package maintenance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/timeinterval"
)

// Recurrence says when a window comes again, in the words of the configuration. The window is on whenever an item of
// each list holds. An empty list always holds.
type Recurrence struct{ Times, Weekdays, DaysOfMonth, Months, Years []string }

// IsEmpty reports whether all lists are empty.
func (r *Recurrence) IsEmpty() bool {
	return len(r.Times)+len(r.Weekdays)+len(r.DaysOfMonth)+len(r.Months)+len(r.Years) == 0
}

// Interval returns the time interval of the lists. The error has the first invalid item of each list. The checks below
// refuse the same items.
func (r *Recurrence) Interval() (i timeinterval.TimeInterval, err error) {
	var all [5]error
	i.Times, all[0] = each(r.Times, parseTimes)
	i.Weekdays, all[1] = each(r.Weekdays, ranged[timeinterval.WeekdayRange])
	i.DaysOfMonth, all[2] = each(r.DaysOfMonth, ranged[timeinterval.DayOfMonthRange])
	i.Months, all[3] = each(r.Months, ranged[timeinterval.MonthRange])
	i.Years, all[4] = each(r.Years, ranged[timeinterval.YearRange])
	return i, errors.Join(all[:]...)
}

func each[T any](texts []string, parse func(string) (T, error)) (list []T, err error) {
	for _, text := range texts {
		v, err := parse(text)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// CheckTimes looks at an item of Times: minutes of the day such as 22:00-24:00. The last minute is outside.
func CheckTimes(text string) error {
	_, err := parseTimes(text)
	return err
}

// CheckWeekday looks at an item of Weekdays: monday, or monday:friday.
func CheckWeekday(text string) error {
	return check[timeinterval.WeekdayRange](text, "a day of the week such as monday, or a range such as monday:friday")
}

// CheckDayOfMonth looks at an item of DaysOfMonth: 15, -1 for the last one, or 1:7.
func CheckDayOfMonth(text string) error {
	return check[timeinterval.DayOfMonthRange](text, "a day such as 15, counted from the end such as -1, or a range such as 1:7")
}

// CheckMonth looks at an item of Months: december, 12, or 1:3.
func CheckMonth(text string) error {
	return check[timeinterval.MonthRange](text, "a month such as december or 12, or a range such as 1:3")
}

// CheckYear looks at an item of Years: 2026, or 2026:2028.
func CheckYear(text string) error {
	return check[timeinterval.YearRange](text, "a year such as 2026, or a range such as 2026:2028")
}

func parseTimes(text string) (r timeinterval.TimeRange, err error) {
	from, to, ok := strings.Cut(text, "-")
	start, startErr := minuteOf(from)
	end, endErr := minuteOf(to)
	switch {
	case !ok || startErr != nil || endErr != nil:
		return r, errors.New("must be times of the day such as 22:00-24:00")
	case start >= end:
		return r, errors.New("must end after it starts; write a night as two parts, such as 22:00-24:00 and 00:00-06:00")
	}
	return timeinterval.TimeRange{StartMinute: start, EndMinute: end}, nil
}

func minuteOf(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", text)
	return 60*t.Hour() + t.Minute(), err
}

// unmarshaler is the method of Alertmanager's ranges for reading them.
type unmarshaler[T any] interface {
	*T
	UnmarshalYAML(read func(any) error) error
}

// ranged reads a range of Alertmanager.
func ranged[T any, P unmarshaler[T]](text string) (r T, err error) {
	err = P(&r).UnmarshalYAML(func(to any) error {
		s, ok := to.(*string)
		if !ok {
			return fmt.Errorf("read a %T", to)
		}
		*s = strings.ToLower(strings.TrimSpace(text))
		return nil
	})
	return r, err
}

func check[T any, P unmarshaler[T]](text, want string) error {
	if _, err := ranged[T, P](text); err != nil {
		return errors.New("must be " + want)
	}
	return nil
}
