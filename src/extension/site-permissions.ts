import * as v from 'valibot'
import type { SiteRule } from '#bridge/shapes.ts'
import type { Address } from '#std/brand.ts'
import type { Approvals } from './approvals.ts'
import { malformed, unauthorized } from './provider-error.ts'
import type { SiteBook } from './site-book.ts'

/** What a site may be allowed, each by its own question, and where the answer is kept (EIP-2255). */
const grantOf = {
  eth_accounts: 'isConnected',
  paratii_ipfs: 'mayRead',
  paratii_player: 'mayControl',
} as const satisfies Record<string, keyof SiteRule>
export type Capability = keyof typeof grantOf

type PermissionPorts = {
  readonly sites: Pick<SiteBook, 'get' | 'set'>
  readonly approvals: Pick<Approvals, 'ask' | 'end'>
}

/** What sites are allowed: asked for in a window of our own, listed and taken back in the list of sites. */
export class SitePermissions {
  readonly #ports: PermissionPorts

  constructor(ports: PermissionPorts) {
    this.#ports = ports
  }

  async has(origin: string, capability: Capability): Promise<boolean> {
    return (await this.#ports.sites.get(origin))[grantOf[capability]] === true
  }

  /** Asks the person where nothing was said yet. Throws their no. */
  async demand(
    origin: string,
    account: Address,
    capability: Exclude<Capability, 'eth_accounts'>,
  ): Promise<void> {
    if (await this.has(origin, capability)) return
    await this.#ports.approvals.ask({ asks: 'allow', what: capability, origin, account, warnings: [] })
    await this.grant(origin, capability)
  }

  async grant(origin: string, capability: Capability): Promise<void> {
    await this.#ports.sites.set(origin, rule => ({ ...rule, [grantOf[capability]]: true }))
  }

  async list(origin: string): Promise<unknown> {
    const rule = await this.#ports.sites.get(origin)
    return capabilities
      .filter(capability => rule[grantOf[capability]] === true)
      .map(parentCapability => ({ parentCapability, invoker: origin, caveats: [] }))
  }

  async revoke(origin: string, wanted: unknown): Promise<null> {
    const capability = readCapability(wanted)
    await this.#ports.sites.set(origin, rule => {
      const { [grantOf[capability]]: _, ...rest } = rule
      return rest satisfies SiteRule
    })
    this.#ports.approvals.end(unauthorized(), origin)
    return null
  }
}

const capabilities = Object.keys(grantOf) as Capability[]

/** The one capability that a request names: each is asked for by itself, so that each is read. */
export function readCapability(wanted: unknown): Capability {
  const read = v.safeParse(v.record(v.picklist(capabilities), v.looseObject({})), wanted)
  const [capability, ...more] = read.success ? (Object.keys(read.output) as Capability[]) : []
  if (capability === undefined || more.length > 0) throw malformed()
  return capability
}
