// Passkeys: what the browser's authenticators make and show. Options and answers go over the wire as the browser itself writes them.
import { Refused } from "./server";

/** Whether this browser makes and shows passkeys on this page. */
export const hasAuthenticator = (): boolean => "PublicKeyCredential" in window && "parseRequestOptionsFromJSON" in PublicKeyCredential && "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** What the server gets of it. Throws Refused: who looks thought better of it, or the browser could not. */
const asked = async (credential: Promise<Credential | null>): Promise<unknown> => {
  try {
    return ((await credential) as PublicKeyCredential).toJSON();
  } catch (error) {
    const { name } = error as DOMException;
    if (name === "InvalidStateError") throw new Refused("passkey_there", "This authenticator has a passkey for Footfall already.", 409);
    throw new Refused("passkey_cancelled", "The browser showed no passkey: cancelled, or there is none for this site.", 0);
  }
};

/** A passkey, made by an authenticator of this browser. */
export const makePasskey = (options: PublicKeyCredentialCreationOptionsJSON): Promise<unknown> => asked(navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));

/** A passkey, shown by an authenticator of this browser. */
export const showPasskey = (options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> => asked(navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
