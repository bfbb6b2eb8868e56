import * as v from 'valibot'
import { type SiteRule, siteRuleSchema } from '#bridge/shapes.ts'
import type { Cell } from './store.ts'

export const siteRulesSchema = v.record(v.string(), siteRuleSchema)
export type SiteRules = Readonly<Record<string, SiteRule>>

/** What was decided about sites, by their origin. A site about which nothing was decided is bound by the budget alone. */
export class SiteBook {
  readonly #cell: Cell<SiteRules>
  readonly #changed: () => void

  constructor(cell: Cell<SiteRules>, changed: () => void) {
    this.#cell = cell
    this.#changed = changed
  }

  async list(): Promise<SiteRules> {
    return (await this.#cell.read()) ?? {}
  }

  async get(origin: string | undefined): Promise<SiteRule> {
    return origin === undefined ? {} : ((await this.list())[origin] ?? {})
  }

  async set(origin: string, change: (rule: SiteRule) => SiteRule): Promise<void> {
    await this.#cell.update((rules = {}) => ({ ...rules, [origin]: change(rules[origin] ?? {}) }))
    this.#changed()
  }

  async forget(origin: string): Promise<void> {
    await this.#cell.update((rules = {}) =>
      Object.fromEntries(Object.entries(rules).filter(([known]) => known !== origin)),
    )
    this.#changed()
  }
}
