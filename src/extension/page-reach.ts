import * as v from 'valibot'
import { type Control, controlAsked, type Media } from '#bridge/page-control.ts'
import { freeAsked, freePiece } from '#bridge/reader-contract.ts'
import type { Network } from '#bridge/shapes.ts'
import type { OffscreenPlace } from './offscreen-place.ts'
import { malformed, ProviderError } from './provider-error.ts'
import type { SitePermissions } from './site-permissions.ts'
import type { StoredWallet } from './wallet-record.ts'

type ReachPorts = {
  readonly permissions: Pick<SitePermissions, 'demand'>
  readonly place: Pick<OffscreenPlace, 'read'>
  /** Steers the player of a tag of this site; `undefined` if there is none that plays. */
  readonly control: (origin: string, element: string, control: Control) => Promise<Media | undefined>
}
type Asked = { readonly origin: string; readonly params: readonly unknown[]; readonly wallet: StoredWallet }

/** Bytes of one answer: text in a message, which is copied from process to process. */
const mostBytes = 524_288

/** What `window.paratii` asks for: reads of what is free, and control of the page's own players. */
export class PageReach {
  readonly #ports: ReachPorts

  constructor(ports: ReachPorts) {
    this.#ports = ports
  }

  /** A piece of a file by its CID, in base64, and how long the whole is. */
  async read({ origin, params, wallet }: Asked): Promise<{ bytes: string; size: number }> {
    const asked = v.safeParse(freeAsked, params[0])
    if (!asked.success) throw malformed()
    await this.#ports.permissions.demand(origin, wallet.account.address, 'paratii_ipfs')
    const network: Network = wallet.network
    const { bytes, size } = await this.#ports.place.read(
      { type: 'read-free', network, asked: asked.output },
      freePiece,
    )
    return { bytes: textOf(bytes.subarray(0, mostBytes)), size }
  }

  async control({ origin, params, wallet }: Asked): Promise<Media> {
    const asked = v.safeParse(controlAsked, params[0])
    if (!asked.success) throw malformed()
    const { element, control } = asked.output
    await this.#ports.permissions.demand(origin, wallet.account.address, 'paratii_player')
    const media = await this.#ports.control(origin, element, control)
    if (media === undefined) throw new ProviderError(-32000, 'Nothing plays in this player.')
    return media
  }
}

function textOf(bytes: Uint8Array): string {
  let binary = ''
  const step = 32_768
  for (let at = 0; at < bytes.length; at += step)
    binary += String.fromCharCode(...bytes.subarray(at, at + step))
  return btoa(binary)
}
