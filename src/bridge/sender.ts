/** The contexts of the extension that send messages. A content script is `page`: it lives with the site, and may be it. */
export type Context = 'popup' | 'onboarding' | 'player' | 'offscreen' | 'page'

/** What the browser itself says about who sent a message. Nothing in the message can change it. */
export type SenderFacts = {
  readonly id?: string | undefined
  readonly origin?: string | undefined
  readonly url?: string | undefined
  /** 0 is the page itself, everything else is a frame in it. */
  readonly frameId?: number | undefined
  /** The document, which is no other after the page went elsewhere. */
  readonly documentId?: string | undefined
  readonly tab?: { readonly id?: number | undefined } | undefined
}

const contextOfPath: Readonly<Record<string, Context>> = {
  '/popup.html': 'popup',
  '/tabs/onboarding.html': 'onboarding',
  '/tabs/player.html': 'player',
  '/tabs/offscreen.html': 'offscreen',
}

/**
 * Who sent a message: one of our own pages, by its address, or `page` for content scripts; `undefined` for other
 * extensions. `extensionOrigin` is `chrome-extension://<id>`.
 */
export function contextOf(sender: SenderFacts, extensionOrigin: string): Context | undefined {
  if (sender.id !== new URL(extensionOrigin).host) return undefined
  const url = sender.url === undefined || !URL.canParse(sender.url) ? undefined : new URL(sender.url)
  // A page of ours has our origin on both accounts; a content script has its site's.
  if (url === undefined || sender.origin !== extensionOrigin) return 'page'
  if (`${url.protocol}//${url.host}` !== extensionOrigin) return 'page'
  return contextOfPath[url.pathname] ?? 'page'
}
