import { readFile, writeFile } from 'node:fs/promises'

/** One operation: gas of a whole transaction, or of one item of a batch. */
export type GasRow = {
  readonly name: string
  readonly gas: number
  /** What the last accepted run measured; absent for a new row. */
  readonly committed: number | undefined
  /** The most that the design allows; absent where it names none. */
  readonly limit: number | undefined
}

const committedFile = new URL('results/gas.json', import.meta.url)
const mayRise = 1.01

/** Rows that stay above their limit, for the reasons in docs/adr/gas-that-stays-above.md: they may not rise either. */
const aboveLimit: ReadonlySet<string> = new Set([
  'first receipt of a pinned host with affiliate and redistribution, in a batch of 100',
  'later receipt of a pinned host with affiliate and redistribution, in a batch of 100',
  'final allocation to 100 hosts, each, all sign',
])

/** Collects rows, compares them with the committed ones, and says what rose or is above its limit. */
export const createGasRows = async () => {
  const committed = JSON.parse(await readFile(committedFile, 'utf8').catch(() => '{}')) as Record<
    string,
    number
  >
  const rows: GasRow[] = []
  return {
    add(name: string, gas: bigint, limit?: number, parts = 1): void {
      const row = { name, gas: Math.ceil(Number(gas) / parts), committed: committed[name], limit }
      rows.push(row)
      console.log(`${name}: ${row.gas}${limit === undefined ? '' : ` of at most ${limit}`}`)
    },
    /** Accepts what was measured as the figures that later runs are compared with. */
    async commit(): Promise<void> {
      const figures = Object.fromEntries(rows.map(({ name, gas }) => [name, gas]))
      await writeFile(committedFile, `${JSON.stringify(figures, null, 2)}\n`)
    },
    /** Prints the rows as one line of JSON. Returns the names of those that rose or are above their limit. */
    finish(): readonly string[] {
      const bad = rows.filter(
        ({ name, gas, committed: before, limit }) =>
          (limit !== undefined && gas > limit && !aboveLimit.has(name)) ||
          (before !== undefined && gas > before * mayRise),
      )
      for (const { name } of bad) console.error(`too much: ${name}`)
      console.log(JSON.stringify({ rows }))
      return bad.map(({ name }) => name)
    },
  }
}
export type GasRows = Awaited<ReturnType<typeof createGasRows>>
