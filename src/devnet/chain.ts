import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { getCreateAddress, HDNodeWallet } from 'ethers'
import type { ChainConfig } from '#chain/config.ts'
import { deployContracts } from '#chain/deploy.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createSender } from '#chain/sender.ts'
import { wait } from '#chain/wait.ts'
import { createChainWriter } from '#chain/writer.ts'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import type { JsonRpc } from '#std/ports/json-rpc.ts'

/** The test phrase that anvil's accounts are of. Its first account deploys and holds all PTI. */
const testPhrase = 'test test test test test test test test test test test junk'
const testPath = "m/44'/60'/0'/0/0"
const chainId = 31_337
const startsWithinMs = 20_000
const pollMs = 20

export type DevnetChainOptions = {
  /** Seconds from a request to close to the end of an escrow. Default 10. */
  readonly periodSeconds?: number
  /** anvil keeps the chain in this file: loaded if it is there, written when it stops. */
  readonly stateFile?: string
  /** Default: any free one. */
  readonly port?: number
  readonly signal?: AbortSignal
}

/** A chain of this machine alone, with the contracts deployed. */
export type DevnetChain = ChainConfig & {
  /** Sends test PTI, and ether for gas where asked to. */
  faucet(to: Address, ptiWei: bigint, etherWei?: bigint): Promise<void>
  /** Ends the chain's process, and only that. */
  stop(): Promise<void>
}

/** Starts anvil on loopback and deploys all contracts, unless the state file has them. `tool-absent`, `tool-failed`. */
export const startDevnetChain = async (options: DevnetChainOptions = {}): Promise<DevnetChain> => {
  const port = options.port ?? (await findFreePort())
  const rpcUrl = `http://127.0.0.1:${port}`
  const anvil = spawn(
    findAnvil(),
    [
      ...[
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--chain-id',
        String(chainId),
        '--hardfork',
        'osaka',
      ],
      ...['--mnemonic', testPhrase, '--silent'],
      ...(options.stateFile === undefined ? [] : ['--state', options.stateFile]),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let complaint = ''
  anvil.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const ended = once(anvil, 'exit').then(
    () => undefined,
    () => undefined,
  )
  const stop = async (): Promise<void> => {
    anvil.kill('SIGTERM')
    await ended
  }
  try {
    const rpc = connectRpc(rpcUrl)
    await Promise.race([
      untilAnswers(rpc, options.signal),
      ended.then(() => {
        throw new ParatiiError('tool-failed', { tool: 'anvil', reason: complaint })
      }),
    ])
    const signer = HDNodeWallet.fromPhrase(testPhrase, undefined, testPath)
    const sender = createSender(rpc, chainId, signer)
    const found = await findRegistry(rpc, signer.address)
    const deployment = {
      periodSeconds: options.periodSeconds ?? 10,
      ...(found === undefined ? {} : { registry: found }),
    }
    const addresses = await deployContracts(rpc, sender, deployment, options.signal)
    const { registry } = addresses
    const writer = createChainWriter(addresses, sender)
    return {
      chainId,
      rpcUrl,
      registry,
      stop,
      async faucet(to, ptiWei, etherWei = 0n) {
        if (ptiWei > 0n) await writer.transfer(to, ptiWei)
        if (etherWei > 0n) await sender.send({ to, data: '0x', valueWei: etherWei })
      },
    }
  } catch (thrown) {
    await stop()
    throw thrown
  }
}

/** The registry that an earlier run deployed first of all, if the chain has it. */
const findRegistry = async (rpc: JsonRpc, deployer: string): Promise<Address | undefined> => {
  const registry = getCreateAddress({ from: deployer, nonce: 0 }).toLowerCase() as Address
  return (await rpc.request('eth_getCode', [registry, 'latest'])) === '0x' ? undefined : registry
}

/** The platform's own binary: the npm wrapper around it would be one more process to end. */
const findAnvil = (): string => {
  const name = `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  try {
    return createRequire(import.meta.url).resolve(
      `${name}/bin/anvil${process.platform === 'win32' ? '.exe' : ''}`,
    )
  } catch (cause) {
    throw new ParatiiError('tool-absent', { tool: name }, cause)
  }
}

const findFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new ParatiiError('fault', { reason: 'no port' })
  return address.port
}

const untilAnswers = async (rpc: JsonRpc, signal?: AbortSignal): Promise<void> => {
  for (const startedAt = performance.now(); ; ) {
    try {
      await rpc.request('eth_chainId', [], signal)
      return
    } catch (thrown) {
      if (signal?.aborted || performance.now() - startedAt > startsWithinMs) throw thrown
      await wait(pollMs, signal)
    }
  }
}
