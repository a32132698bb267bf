package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

type key struct {
	public *metadata.Key
	signer signature.Signer
}

func keyOf(private crypto.Signer, signer signature.Signer, err error) (key, error) {
	if err != nil {
		return key{}, err
	}
	public, err := metadata.KeyFromPublicKey(private.Public())
	return key{public, signer}, err
}

func ed25519Key() (key, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return key{}, err
	}
	signer, err := signature.LoadSigner(private, crypto.Hash(0))
	return keyOf(private, signer, err)
}

func ecdsaKey() (key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return key{}, err
	}
	signer, err := signature.LoadSigner(private, crypto.SHA256)
	return keyOf(private, signer, err)
}

// rsaKey has a salt as long as the hash; the library's own choice is longer, and tough refuses that.
func rsaKey() (key, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return key{}, err
	}
	salt := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	signer, err := signature.LoadRSAPSSSigner(private, crypto.SHA256, salt)
	return keyOf(private, signer, err)
}

func write[T metadata.Roles](folder, name string, document *metadata.Metadata[T], keys ...key) error {
	document.ClearSignatures()
	for _, one := range keys {
		if _, err := document.Sign(one.signer); err != nil {
			return err
		}
	}
	return document.ToFile(filepath.Join(folder, name), true)
}

// writeRoots makes root 1, and root 2 with another root key.
func writeRoots(folder string, expires time.Time, old, new, others key) error {
	root := metadata.Root(expires)
	for _, role := range []string{"targets", "snapshot", "timestamp"} {
		if err := root.Signed.AddKey(others.public, role); err != nil {
			return err
		}
	}
	if err := root.Signed.AddKey(old.public, "root"); err != nil {
		return err
	}
	if err := write(folder, "1.root.json", root, old); err != nil {
		return err
	}
	root.Signed.Version = 2
	id, err := old.public.ID()
	if err != nil {
		return err
	}
	if err := root.Signed.RevokeKey(id, "root"); err != nil {
		return err
	}
	if err := root.Signed.AddKey(new.public, "root"); err != nil {
		return err
	}
	return write(folder, "2.root.json", root, old, new)
}

// makeRepository has an Ed25519 root key, then a P-256 one, and an RSA key for everything else.
func makeRepository(folder string) error {
	var keys []key
	for _, make := range []func() (key, error){ed25519Key, ecdsaKey, rsaKey} {
		one, err := make()
		if err != nil {
			return err
		}
		keys = append(keys, one)
	}
	expires := time.Now().UTC().AddDate(0, 0, 400).Truncate(time.Second)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	if err := writeRoots(folder, expires, keys[0], keys[1], keys[2]); err != nil {
		return err
	}
	targets := metadata.Targets(expires)
	file, err := metadata.TargetFile().FromBytes("a.txt", []byte("content of a"), "sha256")
	if err != nil {
		return err
	}
	targets.Signed.Targets["a.txt"] = file
	if err := write(folder, "1.targets.json", targets, keys[2]); err != nil {
		return err
	}
	if err := write(folder, "1.snapshot.json", metadata.Snapshot(expires), keys[2]); err != nil {
		return err
	}
	return write(folder, "timestamp.json", metadata.Timestamp(expires), keys[2])
}
