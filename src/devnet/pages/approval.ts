import type { Page } from 'playwright'
import type { Browser } from '../browser.ts'

/** The window in which a site's question is answered. */
export class ApprovalWindow {
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  /** The one that is open, or that opens next. */
  static async opened(browser: Browser): Promise<ApprovalWindow> {
    const isOne = (page: Page): boolean => page.url().includes('window=approval')
    const page =
      browser.context.pages().find(isOne) ??
      (await browser.context.waitForEvent('page', { predicate: async found => isOne(found) }))
    await page.getByTestId('approval-origin').waitFor()
    return new ApprovalWindow(page)
  }

  async origin(): Promise<string> {
    return (await this.page.getByTestId('approval-origin').textContent()) ?? ''
  }

  /** What a transaction does, in words. */
  async says(): Promise<string> {
    return (await this.page.getByTestId('approval-says').textContent()) ?? ''
  }

  /** Presses the button, once it counts, and waits until the window has gone. */
  async answer(isYes: boolean): Promise<void> {
    const closed = this.page.waitForEvent('close')
    await (isYes
      ? this.page.getByTestId('approval-yes')
      : this.page.getByRole('button', { name: 'No' })
    ).click()
    await closed
  }
}
