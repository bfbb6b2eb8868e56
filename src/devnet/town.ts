import { join } from 'node:path'
import type { Address, VideoId } from '#std/brand.ts'
import { type DevnetChain, startDevnetChain } from './chain.ts'
import { type CommandOptions, type RunningCommand, runCommand, startCommand } from './command.ts'
import { faucetGift } from './faucet.ts'

/** Publishes something that is no film file, as the publisher that was just made. */
export type PublishInTown = (
  publisher: Pick<Townsman, 'account' | 'command'>,
  chain: DevnetChain,
) => Promise<VideoId>

export interface TownOptions {
  /** Where all of it keeps its files; one folder below it for each role. */
  folder: string
  /** The film that is sold: its file, or how something is published on terms of its own. */
  film: string | PublishInTown
  title?: string
  /** What the film costs, in PTI, and what hosts get for a GB. */
  price?: string
  fee?: string
  hosts?: number
  /** Seconds from a request to close to the end of an escrow. */
  periodSeconds?: number
  /** More of the environment of the publisher, and of host n, from 1. */
  publisherEnv?: Readonly<Record<string, string>>
  hostEnv?: (n: number) => Readonly<Record<string, string>>
  /** Says in words what is being done. */
  onStep?: (text: string) => void
}

/** A daemon of the town, with the account it is paid into. */
export interface Townsman {
  account: Address
  /** URL of its data plane. */
  url: string
  command: CommandOptions
  process: RunningCommand
}

export interface Town {
  chain: DevnetChain
  video: VideoId
  publisher: Townsman
  hosts: Townsman[]
  /** Publishes one more film; resolves when every host has it. */
  publish(file: string, title: string): Promise<VideoId>
  /** Starts a host that was killed; resolves when it serves again. */
  restart(host: Townsman): Promise<void>
  /** Ends every daemon as an operator would, hosts first, then the chain. */
  stop(): Promise<void>
}

const password = 'devnet-only'
const ttl = '1h'

/**
 * A whole market on this machine: a chain, a publisher that sells one film, and hosts that keep it. Every daemon is the
 * same `paratii` command that a person would run, in a process of its own.
 */
export async function startTown(options: TownOptions): Promise<Town> {
  const { folder, onStep = () => {}, price = '0.4', fee = '1', title } = options
  const closers: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const close of closers.splice(0).toReversed()) await close()
  }
  try {
    onStep('Starting a chain of our own')
    const chain = await startDevnetChain(
      options.periodSeconds === undefined ? {} : { periodSeconds: options.periodSeconds },
    )
    closers.push(() => chain.stop())
    const init = async (name: string, role: 'publisher' | 'host', more: string[], env = {}) => {
      const command = { home: join(folder, name), password, env }
      const network = [
        '--rpc-url',
        chain.rpcUrl,
        '--chain-id',
        `${chain.chainId}`,
        '--registry',
        chain.registry,
      ]
      const { account } = await runCommand([role, 'init', ...network, ...more], command)
      await chain.faucet(account as Address, 0n, 10n * faucetGift.etherWei)
      return { account: account as Address, command }
    }
    const serve = async (role: 'publisher' | 'host', command: CommandOptions) => {
      const process = startCommand([role, 'serve'], command)
      closers.push(() => process.stop())
      const { url } = await process.nextLine()
      return { process, url: String(url) }
    }
    const restart = async (host: Townsman) => {
      Object.assign(host, await serve('host', host.command))
      await untilServed(`${host.url}/paratii/1/hosts/${video}`)
    }

    const seller = await init('publisher', 'publisher', [], options.publisherEnv)
    onStep('Publishing the film: packaging, storing, registering')
    const publishFile = async (file: string, name = title): Promise<VideoId> => {
      const published = await runCommand(
        ['publish', file, '--price', price, '--fee', fee, '--ttl', ttl, ...(name ? ['--title', name] : [])],
        seller.command,
      )
      return (published.video as { id: VideoId }).id
    }
    const { film } = options
    const video = await (typeof film === 'string' ? publishFile(film) : film(seller, chain))
    const publisher = { ...seller, ...(await serve('publisher', seller.command)) }

    const hosts: Townsman[] = []
    for (let n = 1; n <= (options.hosts ?? 1); n++) {
      onStep(`Starting host ${n}`)
      const keeper = await init(`host-${n}`, 'host', ['--publisher', publisher.account], options.hostEnv?.(n))
      hosts.push({ ...keeper, ...(await serve('host', keeper.command)) })
    }
    onStep('Waiting until every host has the film')
    const untilKept = async (id: VideoId) => {
      for (const host of hosts) await untilServed(`${host.url}/paratii/1/hosts/${id}`)
    }
    await untilKept(video)
    const publish = async (file: string, name: string): Promise<VideoId> => {
      const id = await publishFile(file, name)
      await untilKept(id)
      return id
    }
    return { chain, video, publisher, hosts, publish, restart, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const pollMs = 100
const servedWithinMs = 60_000

/** A host serves the signed list of hosts once it is on it itself and has every block of the video. */
async function untilServed(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(servedWithinMs)
  for (;;) {
    const answer = await fetch(url, { signal: deadline })
    await answer.arrayBuffer()
    if (answer.ok) return
    await new Promise(resolve => setTimeout(resolve, pollMs))
    deadline.throwIfAborted()
  }
}
