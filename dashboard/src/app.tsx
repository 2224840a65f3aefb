// The frame: who looks, at which tenant, at which view. It stays, whatever becomes of the view in it.
import { useEffect, useRef, useState } from "preact/hooks";
import { go, hrefOf, recalledTenant, shareLink, useAddress } from "./address";
import { Boundary } from "./parts/boundary";
import { Later } from "./parts/later";
import { Failed, Loading, Nothing, Problem } from "./parts/notices";
import { Keys } from "./parts/keys";
import { SignOut, Sidebar } from "./parts/sidebar";
import { Refused, call, signedIn, whenSignedOut, type Person, type Tenant } from "./server";
import { useShortcuts } from "./shortcuts";
import { WhoContext, useSite } from "./site";
import { VIEWS, drawnBy, isFor, load, viewOf, type View } from "./views";
import { LinkPassword, OpenAgain, SignIn, SignInAgain, SingleSignOn } from "./views/sign-in";

export const App = () => {
  const [person, setPerson] = useState<Person>();
  const [error, setError] = useState<Refused>();
  const [isOut, setOut] = useState(false); // signed out under the page
  const { view } = useAddress();
  const enter = async (password?: string) => {
    try {
      if (password !== undefined) await call("POST", "/api/share", { link: shareLink, password });
      // all is drawn at once, so that all is asked in one request
      const [known] = await Promise.all([call<Person>("GET", "/api/session"), load(viewOf(view) ?? VIEWS[""]!).catch(() => {})]);
      setPerson(known);
      whenSignedOut(() => setOut(true));
      setError(undefined);
    } catch (refused) {
      // who has not opened the link yet may not need a password
      if (shareLink && password === undefined && (refused as Refused).code === "not_signed_in") await enter("");
      else setError(refused as Refused);
    }
  };
  useEffect(() => void enter(), []);
  if (error?.code === "not_signed_in" && !shareLink) return <SignIn hasSingleSignOn={error.details.singleSignOn === true} hasPasskeys={error.details.passkeys === true} done={() => void enter()} />;
  if (error && shareLink) return <LinkPassword error={error} done={(password) => void enter(password)} />;
  if (error) return <Failing error={error} again={() => void enter()} />;
  if (!person) return null;
  const resume = () => {
    setOut(false);
    signedIn();
  };
  return (
    <Boundary name="This page">
      <Frame person={person} learn={async () => setPerson(await call<Person>("GET", "/api/session"))} />
      {isOut && (shareLink ? <OpenAgain done={resume} /> : <SignInAgain person={person} done={resume} />)}
    </Boundary>
  );
};

/** `learn`: asks once more who looks, as a request tells of the first tenants and of the one that it names. */
const Frame = ({ person, learn }: { person: Person; learn: () => Promise<void> }) => {
  const { view, params } = useAddress();
  const [isHelp, help] = useState(false);
  useShortcuts(() => help(true));
  const named = params.get("tenant");
  const tenant = person.tenants.find(({ tenant: id }) => id === named);
  const first = person.tenants[0];
  const [learned, setLearned] = useState(named); // what the server was asked about
  useEffect(() => {
    if (!named || tenant || learned === named) return;
    learn().then(() => setLearned(named), () => setLearned(named));
  }, [named, tenant]);
  useEffect(() => {
    // it may go by another name now
    if (named && !tenant && learned === named && person.named) return go(hrefOf({ tenant: person.named }), { replace: true });
    // an address without a tenant is about the first, as is one of which was remembered; one of another's says so
    if (first && (!named || shareLink || (!tenant && named === recalledTenant)) && named !== first.tenant) go(hrefOf({ tenant: first.tenant }), { replace: true });
  });
  if (!first) return <NoTenant person={person} />;
  const known = viewOf(view);
  const opened = known && isFor(known, { isGuest: Boolean(shareLink), isOwner: tenant?.role === "owner", isOperator: person.isOperator }) ? known : undefined;
  return (
    <WhoContext.Provider value={tenant && { person, tenant, pack: person.packs[tenant.industry] }}>
      <a class="skip" href="#view">
        Skip to the view
      </a>
      <div class="frame">
        <Sidebar person={person} view={view} isThere={tenant !== undefined && !tenant.isLocked && !tenant.isDisabled} />
        <main id="view" tabIndex={-1}>
          {person.passwordIsUsedUp && (
            <p class="problem" role="status">
              Your password was for this sign-in only.{" "}
              <a data-own href={hrefOf({ part: "access" }, "setup", true)}>
                Choose your own
              </a>
            </p>
          )}
          {!opened ? (
            <Unknown />
          ) : tenant?.isDisabled && !opened.isOperators ? (
            <Disabled tenant={tenant} />
          ) : tenant?.lacks === "single_sign_on" && !opened.isOperators ? (
            <OnlyBySingleSignOn tenant={tenant} />
          ) : tenant?.isLocked && !opened.isOperators ? (
            <Later load={() => import("./views/setup/second-factor").then(({ Locked }) => Locked)} />
          ) : tenant ? (
            <Shown key={tenant.tenant} view={opened} name={view} />
          ) : named && learned === named ? (
            <>
              <Problem error={new Refused("tenant_unknown", "There is no such site, or it is not yours.", 404)} />
              <p>
                <a data-own href={hrefOf({ tenant: first.tenant, filter: undefined })}>
                  Go to {first.name}
                </a>
              </p>
            </>
          ) : null}
        </main>
      </div>
      {isHelp && <Keys close={() => help(false)} />}
    </WhoContext.Provider>
  );
};

/** A site that its operator disabled. */
const Disabled = ({ tenant: { name } }: { tenant: Tenant }) => (
  <>
    <h1>{name}</h1>
    <Problem error={new Refused("tenant_disabled", "This site is disabled: nothing is counted, and nobody sees its figures. All that was counted is kept. Its operator can enable it again.", 403)} />
  </>
);

/** A site that is shown only to who signs in by single sign-on. */
const OnlyBySingleSignOn = ({ tenant: { name } }: { tenant: Tenant }) => (
  <>
    <h1>{name}</h1>
    <p>This site is shown only to who signs in by single sign-on.</p>
    <p>
      <SingleSignOn />
    </p>
  </>
);

/** Nothing to begin with: the server does not answer. */
const Failing = ({ error, again }: { error: Refused; again: () => void }) => (
  <main id="view">
    <h1>Footfall</h1>
    <Problem error={error} again={again} />
  </main>
);

/** An address that is none of ours. */
const Unknown = () => {
  useEffect(() => {
    document.title = "No such page · Footfall";
  }, []);
  return (
    <>
      <h1>There is no such page</h1>
      <p>The address may be mistyped, or what it named has gone. The menu leads to all that there is.</p>
      <p>
        <a data-own href={hrefOf({}, "", true)}>
          Go to the overview
        </a>
      </p>
    </>
  );
};

/** Who has an account and nothing to look at: an operator adds the first tenant here. */
const NoTenant = ({ person }: { person: Person }) => {
  return (
    <main id="view">
      <h1>Footfall</h1>
      {person.isOperator ? <Later person={person} load={() => import("./views/setup/tenants").then(({ FirstTenant }) => FirstTenant)} /> : <Nothing>{person.email} has no site yet: an owner of one, or the operator, gives a role.</Nothing>}
      <p>
        <SignOut />
      </p>
    </main>
  );
};

const Shown = ({ view, name }: { view: View; name: string }) => {
  const { tenant, pack } = useSite();
  const [, drawn] = useState(0);
  const [missing, setMissing] = useState<View>();
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  const title = name === "items" && pack ? pack.items : view.title;
  useEffect(() => {
    let isCurrent = true;
    document.title = `${title} · ${tenant.name} · Footfall`;
    const redraw = () => isCurrent && drawn((number) => number + 1);
    if (!drawnBy(view)) load(view).then(redraw, () => isCurrent && setMissing(view));
    // who listens to the page hears where a link led
    if (!isFirst.current) heading.current?.focus({ preventScroll: true });
    isFirst.current = false;
    return () => void (isCurrent = false);
  }, [view, tenant.tenant]);
  const Component = drawnBy(view);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {Component ? (
        <Boundary key={name} name={title}>
          <Component />
        </Boundary>
      ) : missing === view ? (
        // a browser may remember that a file is not there
        <Failed name={title} again={() => location.reload()} />
      ) : (
        <Loading lines={12} />
      )}
    </>
  );
};
