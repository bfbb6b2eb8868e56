import '../../ui/theme.css'
import './player.css'
import { type ReactElement, useEffect, useMemo, useState } from 'react'
import type { Asked } from '#bridge/shapes.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { nameDocument } from '#ui/document-language.ts'
import { text } from '#ui/texts.ts'
import type { View } from './asked.ts'
import { parseAsked, parseEarner, parseView } from './asked.ts'
import { EarnerPlayer } from './earner-player.tsx'
import { FailurePanel } from './failure-panel.tsx'
import { OfferPanel } from './offer-panel.tsx'
import { Panel } from './panel.tsx'
import { Stage } from './stage.tsx'
import { usePlayer } from './use-player.ts'

const isTop = window.top === window

/** The player in a tag's frame, or in a tab of its own: from the price to the playing video. */
export function PlayerPage(): ReactElement {
  const earner = useMemo(() => parseEarner(new URLSearchParams(location.search)), [])
  const asked = useMemo(() => parseAsked(new URLSearchParams(location.search)), [])
  const [view, setView] = useState(() => parseView(location.hash, isTop))
  useEffect(() => {
    nameDocument(text('playerTitle'))
    const follow = (): void => setView(parseView(location.hash, isTop))
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  }, [])
  return (
    <main className="player">
      <h1 className="sr-only">{text('playerTitle')}</h1>
      {earner !== undefined ? (
        <EarnerPlayer asked={earner} view={view} />
      ) : asked === undefined ? (
        <FailurePanel view={view} failure={{ code: 'request-malformed', details: {} }} />
      ) : (
        <Player asked={asked} view={view} />
      )}
    </main>
  )
}

function Player({ asked, view }: { readonly asked: Asked; readonly view: View }): ReactElement {
  const { state, meter, walletChanges, watch, reopen, steering } = usePlayer(asked)
  switch (state.status) {
    case 'finding':
      return (
        <Panel view={view} busy>
          <p className="late" role="status">
            {text('finding')}
          </p>
        </Panel>
      )
    case 'absent':
      return (
        <Panel view={view}>
          <Button kind="primary" onClick={() => void askBackground('window-open', { show: 'onboarding' })}>
            {text('setUpTo')}
          </Button>
          <p className="small">{text('setUpNote')}</p>
        </Panel>
      )
    case 'offered':
      return (
        <OfferPanel
          view={view}
          asked={asked}
          offer={state.offer}
          locked={state.locked}
          watch={watch}
          reopen={reopen}
        />
      )
    case 'buying':
      return (
        <Panel view={view} busy>
          <h2 className="headline" aria-live="polite">
            {text('buying')}
          </h2>
          <p className="small">{text('buyingNote')}</p>
        </Panel>
      )
    case 'ready':
      return (
        <Stage
          key={state.purchase}
          ready={state}
          meter={meter}
          view={view}
          walletChanges={walletChanges}
          reopen={reopen}
          steering={steering}
        />
      )
    case 'stopped':
      return (
        <Panel view={view}>
          <h2 className="headline" aria-live="polite">
            {text('stoppedTitle')}
          </h2>
          <p className="small">{text('stoppedNote')}</p>
          <Button onClick={reopen}>{text('watchMore')}</Button>
        </Panel>
      )
    case 'failed':
      return <FailurePanel view={view} failure={state.failure} again={reopen} />
  }
}
