import type { RegisteredVideo } from '#chain/reader.ts'
import type { ListedHost } from '#protocol/host-list.ts'
import type { Order } from '#protocol/order.ts'
import type { Terms } from '#protocol/terms.ts'
import type { Address, FormatName, PublicKey, PurchaseNonce, VideoId } from '#std/brand.ts'
import type { ParatiiError } from '#std/error.ts'

/** What a video costs, who is paid and who can send it: plain data, good to show, and to make an order from. */
export type Quote = {
  readonly video: RegisteredVideo
  readonly terms: Terms
  readonly chainId: number
  /** The VideoStore that the order is for, and the token that it takes. */
  readonly store: Address
  readonly token: Address
  /** Where the order is mailed to. */
  readonly mailbox: PublicKey
  /** libp2p addresses of the owner's nodes. */
  readonly publisherAddresses: readonly string[]
  /** Hosts to allot to, the one that gave the head first. */
  readonly hosts: readonly ListedHost[]
  /** Bytes that those hosts may be paid for in all. */
  readonly capacity: number
  /** The most that hosts can cost; what they do not earn returns. */
  readonly collateralWei: bigint
}

/** A part of a file, both ends included, as in HTTP; without `end` to the last byte. */
export type ByteRange = { readonly start: number; readonly end?: number }

/** A part of a file of a bought video. */
export type Reading = {
  /** Bytes of the whole file. */
  readonly size: number
  readonly start: number
  /** The last byte, included. */
  readonly end: number
  readonly contentType: string
  /**
   * Verified bytes in order. Each piece is the reader's own, over a buffer that may be transferred; one handed back
   * by {@link Viewer.recycle} is used again. Ending the iteration early stops what is fetched for it.
   */
  readonly body: AsyncIterable<Uint8Array<ArrayBuffer>>
}

export type HostMeter = {
  readonly key: PublicKey
  /** Verified bytes that it sent. */
  readonly bytes: number
  /** Times that it failed. */
  readonly failures: number
  /** It sent a wrong block, and is used no more for this purchase. */
  readonly banned: boolean
}

/** What a purchase has brought and cost so far. */
export type Meter = {
  readonly nonce: PurchaseNonce
  readonly verifiedBytes: number
  /** What the receipts signed so far are worth on chain, to hosts and owner together. */
  readonly paidWei: bigint
  readonly hosts: readonly HostMeter[]
}

/** What the chain says that a purchase has paid. */
export type Settlement = {
  /** To hosts and owner together, for the receipts that were settled. */
  readonly paidWei: bigint
  /** Nothing more can be settled: all else of the deposit is the buyer's again, or anybody can return it. */
  readonly isFinal: boolean
}

export type ViewerEvent =
  | { readonly type: 'meter'; readonly meter: Meter }
  | {
      readonly type: 'host-error'
      readonly nonce: PurchaseNonce
      readonly host: PublicKey
      readonly error: ParatiiError
    }

/** Buys videos and reads them. Runs alike in Node and in a browser's Worker. All of it throws ParatiiError. */
export type Viewer = {
  /**
   * Finds a video, its terms and hosts that have it, fetches its free head, and connects to those whom an order for it
   * would go to. `video-unknown`, `format-unknown`, `no-hosts`, `chain-unreachable`.
   */
  quote(id: VideoId, format: FormatName, signal: AbortSignal): Promise<Quote>
  /**
   * Mails a signed order to the publisher and waits until the purchase is on the chain. `nodeKey`: the purchase's
   * secret key. Done again with the same order it finds the same purchase. Refused orders throw the publisher's code.
   * `onReadable` is called once it can be read, mostly before the chain has it: the free head then comes at once, and
   * the rest when it was confirmed.
   */
  buy(
    quote: Quote,
    order: Order,
    nodeKey: Uint8Array,
    signal: AbortSignal,
    onReadable?: (nonce: PurchaseNonce) => void,
  ): Promise<PurchaseNonce>
  /**
   * Takes up a purchase of an earlier run from what was stored, or, where nothing is, from what the chain, the publisher
   * and the hosts know of it. `purchase-unknown`, `purchase-ended`, `allotment-invalid` if its hosts are listed no more.
   */
  resume(nonce: PurchaseNonce, nodeKey: Uint8Array, signal: AbortSignal): Promise<void>
  /** Opens a part of a file, by its path without leading slash. `purchase-unknown`, `path-unknown`, `range-invalid`. */
  read(
    nonce: PurchaseNonce,
    path: string,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Reading>
  /** Gives the buffer of a piece back; its giver must no longer use it. */
  recycle(buffer: ArrayBuffer): void
  meter(nonce: PurchaseNonce): Meter
  /**
   * Signs what was verified and gives it to the hosts that answer, as when a player goes away; the purchase stays
   * open. `purchase-unknown`.
   */
  flush(nonce: PurchaseNonce): Promise<void>
  /**
   * What a purchase of this viewer, open or not, has paid on the chain. A receipt that no host settled in time never
   * counts, whatever the meter said. `purchase-unknown`, `chain-unreachable`.
   */
  settlement(nonce: PurchaseNonce, signal: AbortSignal): Promise<Settlement>
  /** Calls back whenever a meter moves (at most ten times a second) or a host fails, until the function returned is called. */
  on(listen: (event: ViewerEvent) => void): () => void
  /**
   * Ends a purchase: last receipts signed and acknowledged as far as hosts answer, then the close is mailed. A
   * publisher that does not answer within 5 s gets it later, after a restart too.
   */
  stop(nonce: PurchaseNonce, signal: AbortSignal): Promise<void>
  /** Signs what is due and ends all exchanges, but leaves the purchases open: to resume later. */
  shutdown(): Promise<void>
}
