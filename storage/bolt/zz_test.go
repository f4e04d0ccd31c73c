package bolt

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"watcher/policy"
)

func TestZZ(t *testing.T) {
	c, _ := newCodec()
	budgets := []int64{8 << 20, 10 << 20, 16 << 20}
	totals := make([]int, 3)
	pages := make([]int, 3)
	slow := make([]time.Duration, 3)
	histories(t, func(id policy.ID, bodies [][]byte) {
		for bi, max := range budgets {
			var ref bodyRef
			store := map[policy.CaptureID][]byte{}
			costs := map[policy.CaptureID]int64{}
			for i, b := range bodies {
				if i > 0 && bytes.Equal(b, bodies[i-1]) {
					continue
				}
				nid := policy.CaptureID(i + 1)
				base := policy.CaptureID(0)
				switch {
				case ref.Base == 0 || ref.Depth+1 >= maxChain:
				case ref.Cost+linkCost(len(b)) <= max:
					base = ref.Base
				case ref.AnchorCost+linkCost(len(b)) <= max:
					base = ref.Anchor
				}
				var p []byte
				if base != 0 {
					p, _ = c.packDelta(b, store[base], base)
					if len(p)*100 > ref.Whole*worthwhile {
						base = 0
					}
				}
				if base == 0 {
					p, _ = c.packBody(b)
				}
				totals[bi] += len(p)
				v := len(p) + 72
				if v > 4096 {
					pages[bi] += (v + 4095) / 4096 * 4096
				} else {
					pages[bi] += v
				}
				cost := linkCost(len(b))
				switch base {
				case 0:
					ref.Depth, ref.Whole, ref.Anchor, ref.AnchorCost = 0, len(p), nid, cost
				case ref.Base:
					ref.Depth++
					cost += ref.Cost
				default:
					ref.Depth++
					cost += ref.AnchorCost
					if cost <= max/2 {
						ref.Anchor, ref.AnchorCost = nid, cost
					}
				}
				ref.Base, ref.Cost = nid, cost
				costs[nid] = cost
				store[nid] = b
			}
		}
	})
	_ = slow
	for i, b := range budgets {
		fmt.Printf("budget %d MB: total %.2f MB, with pages %.2f MB\n", b>>20, float64(totals[i])/1e6, float64(pages[i])/1e6)
	}
}
