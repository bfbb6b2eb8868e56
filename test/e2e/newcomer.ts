import type { Locator, Page } from 'playwright'

/** How fast somebody types who is in no hurry. */
const keyDelayMs = 40

/** Somebody who has never seen any of this: clicks what can be seen, types what is asked for, and counts each. */
export class Newcomer {
  steps = 0
  readonly #startedAt = performance.now()
  readonly #look: (page: Page, step: number) => Promise<void>

  /** `look` sees each page before each step. */
  constructor(look: (page: Page, step: number) => Promise<void> = async () => {}) {
    this.#look = look
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000
  }

  async press(target: Locator): Promise<void> {
    await this.#begin(target)
    await target.click()
  }

  async enter(target: Locator): Promise<void> {
    await this.#begin(target)
    await target.press('Enter')
  }

  async type(target: Locator, text: string): Promise<void> {
    await this.#begin(target)
    await target.pressSequentially(text, { delay: keyDelayMs })
  }

  async #begin(target: Locator): Promise<void> {
    await target.waitFor()
    await this.#look(target.page(), ++this.steps)
  }
}
