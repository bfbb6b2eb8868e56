import * as v from 'valibot'
import type { ProviderEvent } from '#bridge/provider.ts'
import type { SenderFacts } from '#bridge/sender.ts'
import { originField, type SiteRule, type WalletState } from '#bridge/shapes.ts'
import type { Cell } from './store.ts'

const documentSchema = v.object({ tab: v.number(), document: v.string(), origin: v.string() })
export const documentsSchema = v.array(documentSchema)
type PageDocument = v.InferOutput<typeof documentSchema>

type EventPorts = {
  /** Documents that use the provider: in the session's memory, so that a restarted worker still tells them. */
  readonly documents: Cell<PageDocument[]>
  readonly sites: { list(): Promise<Readonly<Record<string, SiteRule>>> }
  /** Rejects when the document is gone. */
  readonly send: (document: PageDocument, event: ProviderEvent) => Promise<void>
}

const mostDocuments = 200
type Seen = { readonly chainId: number; readonly address: string | undefined }

/** Tells pages what EIP-1193 says they are told, and a site that is not connected nothing of accounts. */
export class ProviderEvents {
  readonly #ports: EventPorts
  #seen: Seen | undefined

  constructor(ports: EventPorts) {
    this.#ports = ports
  }

  /** A page asked something: from now on it is told what changes. */
  async note({ tab, documentId, origin }: SenderFacts): Promise<void> {
    if (tab?.id === undefined || documentId === undefined || !v.is(originField, origin)) return
    const noted: PageDocument = { tab: tab.id, document: documentId, origin: String(origin) }
    const present = (await this.#ports.documents.read()) ?? []
    if (present.some(one => one.document === documentId)) return
    await this.#ports.documents.update((documents = []) => [noted, ...documents].slice(0, mostDocuments))
  }

  /** To be called when the wallet may have changed. The first state that is seen is news to nobody. */
  async changed(state: WalletState): Promise<void> {
    if (state.status === 'absent') return
    const address = state.status === 'unlocked' ? state.address : undefined
    const now: Seen = { chainId: state.network.chainId, address }
    const before = this.#seen
    this.#seen = now
    if (before === undefined) return
    if (before.chainId !== now.chainId)
      await this.#tell({ name: 'chainChanged', data: `0x${now.chainId.toString(16)}` }, () => true)
    if (before.address !== now.address)
      await this.#tell(
        { name: 'accountsChanged', data: now.address === undefined ? [] : [now.address] },
        rule => rule.isConnected === true,
      )
  }

  /** The person, or the site itself, ended or made the connection of a site. */
  async connected(origin: string, addresses: readonly string[]): Promise<void> {
    await this.#tell({ name: 'accountsChanged', data: addresses }, (_, of) => of === origin)
  }

  async #tell(
    event: Omit<ProviderEvent, 'type'>,
    concerns: (rule: SiteRule, origin: string) => boolean,
  ): Promise<void> {
    const [documents, rules] = await Promise.all([this.#ports.documents.read(), this.#ports.sites.list()])
    const gone = new Set<string>()
    await Promise.all(
      (documents ?? [])
        .filter(({ origin }) => concerns(rules[origin] ?? {}, origin))
        .map(document =>
          this.#ports
            .send(document, { type: 'provider-event', ...event })
            .catch(() => void gone.add(document.document)),
        ),
    )
    if (gone.size > 0)
      await this.#ports.documents.update((all = []) => all.filter(({ document }) => !gone.has(document)))
  }
}
