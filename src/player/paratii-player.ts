import { type TagEventDetails, tagName, takenAttribute } from './tag-names.ts'

/** How long an extension may take to take the element over; its content script does so at once. */
const patienceMs = 1500

const missingText = 'This video plays in full with the Paratii extension for Chrome.'

declare global {
  interface HTMLElementTagNameMap {
    'paratii-player': ParatiiPlayerElement
  }
  interface HTMLElementEventMap extends TagEvents {}
}
type TagEvents = { [N in keyof TagEventDetails]: CustomEvent<TagEventDetails[N]> }

// Where there is no document (a server that renders pages) the class must still be one that can be named.
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement)

/**
 * `<paratii-player>` as a site uses it. With the extension, a player stands in its place; without, its children do,
 * with one quiet line under them, and it dispatches `paratii-extensionmissing`.
 */
export class ParatiiPlayerElement extends Base {
  #timer: ReturnType<typeof setTimeout> | undefined

  /** The video's id in the registry. */
  get video(): string {
    return this.getAttribute('video') ?? ''
  }
  set video(id: string) {
    this.setAttribute('video', id)
  }

  /** Whether the extension plays in this element's place. */
  get taken(): boolean {
    return this.hasAttribute(takenAttribute)
  }

  connectedCallback(): void {
    this.#timer = setTimeout(() => this.#fallBack(), patienceMs)
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer)
  }

  #fallBack(): void {
    if (this.taken) return
    this.#showChildren()
    this.dispatchEvent(
      new CustomEvent('paratii-extensionmissing', { bubbles: true, composed: true, detail: {} }),
    )
  }

  #showChildren(): void {
    if (this.shadowRoot !== null) return
    const style = document.createElement('style')
    style.textContent =
      ':host{display:block}p{margin:4px 0 0;font:12px/1.5 system-ui,sans-serif;color:GrayText;color:color-mix(in srgb,currentColor 72%,transparent)}'
    const line = document.createElement('p')
    line.part.add('missing')
    line.textContent = missingText
    this.attachShadow({ mode: 'open' }).append(style, document.createElement('slot'), line)
  }
}

if (globalThis.customElements !== undefined && customElements.get(tagName) === undefined)
  customElements.define(tagName, ParatiiPlayerElement)
