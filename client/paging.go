package client

import "fmt"

// pageSize is the largest page the API serves; pageTries bounds how often a
// list that moves is begun again.
const (
	pageSize  = 1000
	pageTries = 3
)

// paged reads up to limit items of a list (0: all) that the API serves in
// pages. Pages overlap by one item: when the list moved between two requests
// the overlap differs, and the list is read again, so that no item is missed
// or given twice.
func paged[T any](limit int, name func(T) string, page func(offset, limit int) ([]T, error)) ([]T, error) {
	for range pageTries {
		list, moved, err := readPages(limit, name, page)
		if err != nil {
			return nil, err
		}
		if !moved {
			return list, nil
		}
	}
	return nil, fmt.Errorf("%w (try again, or ask for fewer items)", errMoved)
}

func readPages[T any](limit int, name func(T) string, page func(offset, limit int) ([]T, error)) (list []T, moved bool, err error) {
	for limit <= 0 || len(list) < limit {
		offset, want := max(0, len(list)-1), pageSize
		if limit > 0 {
			want = min(want, limit-offset)
		}
		items, err := page(offset, want)
		if err != nil {
			return nil, false, err
		}
		got := len(items)
		if len(list) > 0 {
			if got == 0 || name(items[0]) != name(list[offset]) {
				return nil, true, nil
			}
			items = items[1:]
		}
		list = append(list, items...)
		if got < want {
			return list, false, nil
		}
	}
	return list, false, nil
}
