/** What happens when: a binary heap by time, then by the order in which things were planned. */
export class Queue {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly act: () => void }[] = []
  #order = 0
  nowMs: number

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  plan(atMs: number, act: () => void): void {
    const heap = this.#heap
    heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.#order++, act })
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfEarlier(at, parent)) break
      at = parent
    }
  }

  /** Does all that is planned until then, in order; time stands at the end. */
  run(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#removeFirst()
      this.nowMs = next.atMs
      next.act()
    }
    this.nowMs = untilMs
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (heap.length === 0 || last === undefined) return
    heap[0] = last
    for (let at = 0; ; ) {
      const left = 2 * at + 1
      const child = left + 1 < heap.length && this.#isEarlier(left + 1, left) ? left + 1 : left
      if (child >= heap.length || !this.#swapIfEarlier(child, at)) return
      at = child
    }
  }

  #isEarlier(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return false
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
  }

  #swapIfEarlier(a: number, b: number): boolean {
    if (!this.#isEarlier(a, b)) return false
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return false
    this.#heap[a] = other
    this.#heap[b] = one
    return true
  }
}
