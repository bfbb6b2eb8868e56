/** The element that a site writes. */
export const tagName = 'paratii-player'
/** Set on an element that the extension has taken over. Any page can set it; it only decides about a line of text. */
export const takenAttribute = 'data-paratii'

/** What the events on the element tell. Amounts are base units of PTI in decimal text. */
export type TagEventDetails = {
  /** A price was shown and waits for a yes. */
  'paratii-paymentrequired': { readonly priceWei: string; readonly hostsWei: string }
  /** A purchase was made, or the sum paid so far grew. */
  'paratii-payment': { readonly paidWei: string }
  /** More of the video was checked against its address. */
  'paratii-chunkverified': { readonly verifiedBytes: number }
  /** A host failed or sent wrong bytes; others go on. */
  'paratii-hosterror': { readonly failures: number }
  /** The viewer's budget does not allow this video. */
  'paratii-budgetexhausted': Record<string, never>
  /** What a viewing that pays has promised the viewer so far grew. */
  'paratii-earned': { readonly earnedWei: string }
  /** Nobody took the element over: the extension is not here. */
  'paratii-extensionmissing': Record<string, never>
}
