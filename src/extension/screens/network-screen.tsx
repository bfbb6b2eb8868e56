import { type FormEvent, type ReactElement, useState } from 'react'
import type { Network } from '#bridge/shapes.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Field } from '#ui/field.tsx'
import { Icon } from '#ui/icon.tsx'
import { Notice } from '#ui/notice.tsx'
import { text } from '#ui/texts.ts'
import { type Mistakes, networkName, readFallback, readNetworkPlace } from './network-form.ts'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

type NetworkProps = {
  readonly networks: readonly Network[]
  readonly network: Network
  readonly back: () => void
}

/** The networks that are known, and one to be added or changed. */
export function NetworkScreen({ networks, network, back }: NetworkProps): ReactElement {
  const [edited, setEdited] = useState<Network | 'new' | undefined>(
    networks.length === 1 ? network : undefined,
  )
  const { busy, failure, run } = useAsking()
  if (edited !== undefined)
    return (
      <NetworkForm
        network={edited === 'new' ? undefined : edited}
        key={edited === 'new' ? edited : edited.rpcUrl}
        another={edited === 'new' ? undefined : () => setEdited('new')}
        back={back}
      />
    )
  return (
    <Screen title={text('network')} back={back}>
      <ul className="stack tight">
        {networks.map(known => {
          const isPresent = known.chainId === network.chainId && known.registry === network.registry
          return (
            <li key={`${known.chainId} ${known.registry}`} className="row">
              <button
                type="button"
                className="button wide entry-button"
                aria-pressed={isPresent}
                disabled={busy}
                onClick={() => void run(async () => void (await askBackground('network-set', known)))}
              >
                <span className="title">
                  {known.name} <span className="small quiet">{known.chainId}</span>
                </span>
                {isPresent && <Icon name="check" />}
              </button>
              <Button
                kind="plain"
                aria-label={text('networkChange', known.name)}
                onClick={() => setEdited(known)}
              >
                {text('change')}
              </Button>
            </li>
          )
        })}
      </ul>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <Button onClick={() => setEdited('new')}>{text('networkAdd')}</Button>
    </Screen>
  )
}

type FormProps = {
  readonly network: Network | undefined
  readonly another: (() => void) | undefined
  readonly back: () => void
}

/** Another chain, or another way to the same one. It is asked whether it is what it should be before it is kept. */
function NetworkForm({ network, another, back }: FormProps): ReactElement {
  const [typed, setTyped] = useState({
    rpcUrl: network?.rpcUrl ?? '',
    fallbackUrl: network?.fallbackUrl ?? '',
    chainId: network === undefined ? '' : String(network.chainId),
    registry: (network?.registry ?? '') as string,
  })
  const [mistakes, setMistakes] = useState<Mistakes & { readonly fallbackUrl?: true }>({})
  const { busy, failure, run } = useAsking()
  const [other, setOther] = useState<string>()

  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setOther(undefined)
    const read = readNetworkPlace(typed)
    const fallback = readFallback(typed.fallbackUrl)
    setMistakes({
      ...('mistakes' in read ? read.mistakes : {}),
      ...(fallback === 'wrong' ? { fallbackUrl: true } : {}),
    })
    if ('mistakes' in read || fallback === 'wrong') return
    const { place } = read
    void run(async () => {
      for (const rpcUrl of [place.rpcUrl, ...(fallback === undefined ? [] : [fallback])]) {
        const { chainId } = await askBackground('network-check', { rpcUrl, registry: place.registry })
        if (chainId !== place.chainId)
          return setOther(text('chainOther', String(chainId), String(place.chainId)))
      }
      const { fallbackUrl: _, ...known } = network ?? { name: networkName(place) }
      const isSame = place.chainId === network?.chainId && place.registry === network.registry
      await askBackground('network-set', {
        ...(isSame ? known : { name: networkName(place) }),
        ...place,
        ...(fallback === undefined ? {} : { fallbackUrl: fallback }),
      })
      back()
    })
  }
  return (
    <Screen title={text('network')} back={back}>
      <form className="stack" onSubmit={submit} noValidate>
        <Field
          label={text('networkRpc')}
          value={typed.rpcUrl}
          onText={rpcUrl => setTyped({ ...typed, rpcUrl })}
          wrong={mistakes.rpcUrl && text('networkRpcWrong')}
          spellCheck={false}
        />
        <Field
          label={text('networkFallback')}
          hint={text('networkFallbackHint')}
          value={typed.fallbackUrl}
          onText={fallbackUrl => setTyped({ ...typed, fallbackUrl })}
          wrong={mistakes.fallbackUrl && text('networkRpcWrong')}
          spellCheck={false}
        />
        <Field
          label={text('networkChain')}
          value={typed.chainId}
          onText={chainId => setTyped({ ...typed, chainId })}
          wrong={mistakes.chainId && text('networkChainWrong')}
        />
        <Field
          label={text('networkRegistry')}
          value={typed.registry}
          onText={registry => setTyped({ ...typed, registry })}
          wrong={mistakes.registry && text('networkRegistryWrong')}
          spellCheck={false}
        />
        {(other ?? failure) !== undefined && <Notice loss>{other ?? failure}</Notice>}
        <Button kind="primary" type="submit" busy={busy}>
          {text(busy ? 'networkChecking' : 'networkUse')}
        </Button>
        {another !== undefined && (
          <Button kind="plain" onClick={another}>
            {text('networkAdd')}
          </Button>
        )}
      </form>
    </Screen>
  )
}
