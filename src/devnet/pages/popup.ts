import type { Page } from 'playwright'
import type { Browser } from '../browser.ts'

/** The popup, opened as a page of its own so that it stays while other pages are used. */
export class PopupPage {
  readonly page: Page

  private constructor(page: Page) {
    this.page = page
  }

  static async open(browser: Browser): Promise<PopupPage> {
    const page = await browser.context.newPage()
    await page.setViewportSize({ width: 360, height: 600 })
    await page.goto(browser.pageUrl('popup.html'))
    return new PopupPage(page)
  }

  async lock(): Promise<void> {
    await this.page.getByRole('button', { name: 'Lock', exact: true }).click()
    await this.page.getByRole('heading', { name: 'Locked' }).waitFor()
  }

  async unlock(password: string): Promise<void> {
    await this.page.getByLabel('Password', { exact: true }).fill(password)
    await this.page.getByRole('button', { name: 'Unlock' }).click()
  }

  /** Base units that the newest purchase is shown to have paid while it plays. */
  async spendingPaidWei(): Promise<bigint> {
    return BigInt((await this.page.getByTestId('spending-paid').first().getAttribute('value')) ?? 0)
  }

  /** Goes to one of the parts of the wallet that the bar below leads to. */
  async goTo(tab: 'Home' | 'Bids' | 'Held' | 'Sites' | 'Settings'): Promise<void> {
    await this.page.getByRole('button', { name: tab, exact: true }).click()
  }

  /** Takes back what a site was allowed to see. */
  async disconnectSite(host: string): Promise<void> {
    await this.takeBack(host, 'May see my address')
  }

  /** Takes back one of the things that a site was allowed, by how it is called. */
  async takeBack(host: string, label: string): Promise<void> {
    await this.goTo('Sites')
    await this.page.getByRole('button', { name: host }).click()
    await this.page.getByLabel(label).uncheck()
    await this.page.getByRole('button', { name: 'Save' }).click()
    await this.page.getByRole('heading', { name: 'Sites' }).waitFor()
  }

  /** The words of the phrase, as they are shown for the password. */
  async revealPhrase(password: string): Promise<string> {
    await this.goTo('Settings')
    await this.page.getByRole('button', { name: 'Recovery phrase' }).click()
    await this.page.getByLabel('Password', { exact: true }).fill(password)
    await this.page.getByRole('button', { name: 'Show the words' }).click()
    await this.page.getByTestId('phrase-word').first().waitFor()
    const words = await this.page.getByTestId('phrase-word').allTextContents()
    return words.join(' ')
  }

  /** Closes what is open but does not play, from the list of what is held; what it paid in all. */
  async closeHeld(): Promise<{ paidWei: bigint }> {
    await this.goTo('Held')
    await this.page.getByRole('button', { name: 'Close', exact: true }).click()
    await this.page.getByRole('button', { name: 'Close it' }).click()
    await this.goTo('Home')
    const entry = this.page.locator('[data-testid=activity-entry][data-state=closed]').first()
    await entry.waitFor()
    return { paidWei: -BigInt((await entry.getByTestId('activity-paid').getAttribute('value')) ?? 0) }
  }

  /** Stops the purchase that plays, for good; what it verified and paid in all. */
  async stopSpending(): Promise<{ paidWei: bigint; verifiedBytes: number }> {
    await this.page.getByRole('button', { name: 'Stop', exact: true }).click()
    await this.page.getByRole('button', { name: 'Stop and close' }).click()
    const entry = this.page.locator('[data-testid=activity-entry][data-state=closed]').first()
    await entry.waitFor()
    const paid = await entry.getByTestId('activity-paid').getAttribute('value')
    return {
      paidWei: -BigInt(paid ?? 0),
      verifiedBytes: Number(await entry.getAttribute('data-verified-bytes')),
    }
  }
}
