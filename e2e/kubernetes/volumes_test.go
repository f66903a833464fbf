package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// volume is a folder of files that change all at once: "..data" is a link to the folder of the current ones, and a new
// link takes its place.
type volume struct {
	dir    string
	source core.VolumeSource
	files  map[string]string
	made   int // folders so far
}

// write writes a file that all may read, with its folders.
func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// mountVolumes makes the volumes of the pod. It waits until their sources are there, as a kubelet does.
func (r *podRun) mountVolumes(ctx context.Context) error {
	for _, v := range r.pod.Load().Spec.Volumes {
		made := &volume{dir: filepath.Join(r.dir, "volumes", v.Name), source: v.VolumeSource}
		for {
			files, err := r.read(ctx, made)
			if err == nil {
				err = made.set(files, r.group())
			}
			if err == nil {
				break
			}
			if r.pause(ctx, time.Second) {
				return nil
			}
		}
		r.volumes = append(r.volumes, made)
	}
	return nil
}

// refreshVolumes looks for changes of the sources. A kubelet does so about once a minute, or later.
func (r *podRun) refreshVolumes(ctx context.Context) {
	for _, v := range r.volumes {
		if v.source.Projected != nil {
			continue // a token lasts longer than a test
		}
		// What cannot be read stays as it is.
		if files, err := r.read(ctx, v); err == nil && !maps.Equal(files, v.files) {
			r.note(ctx, "volume of "+r.name, v.set(files, r.group()))
		}
	}
}

// group returns the group to which the files belong, -1 for that of this process.
func (r *podRun) group() int {
	if of := r.pod.Load().Spec.SecurityContext; manyUsers() && of != nil && of.FSGroup != nil {
		return int(*of.FSGroup)
	}
	return -1
}

// set puts files in place of those before.
func (v *volume) set(files map[string]string, group int) error {
	data := filepath.Join(v.dir, "..data")
	before, _ := os.Readlink(data) // none the first time
	v.made++
	folder := fmt.Sprintf("..%d", v.made)
	for name, text := range files {
		path := filepath.Join(v.dir, folder, name)
		if err := write(path, text); err != nil {
			return err
		}
		if v.source.Secret != nil {
			if err := os.Chmod(path, os.FileMode(*v.source.Secret.DefaultMode)); err != nil {
				return err
			}
			if err := os.Chown(path, -1, group); err != nil {
				return err
			}
		}
		if _, err := os.Lstat(filepath.Join(v.dir, name)); err == nil {
			continue
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(v.dir, name)); err != nil {
			return err
		}
	}
	if err := os.Symlink(folder, data+"_tmp"); err != nil {
		return err
	}
	if err := os.Rename(data+"_tmp", data); err != nil {
		return err
	}
	v.files = files
	if before == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(v.dir, before))
}

// read reads the source of a volume.
func (r *podRun) read(ctx context.Context, v *volume) (map[string]string, error) {
	pod := r.pod.Load()
	switch {
	case v.source.ConfigMap != nil:
		return r.readConfigMap(ctx, pod.Namespace, v.source.ConfigMap.Name)
	case v.source.Secret != nil:
		s, err := r.client.CoreV1().Secrets(pod.Namespace).Get(ctx, v.source.Secret.SecretName, getting)
		if err != nil {
			return nil, err
		}
		files := map[string]string{}
		for name, content := range s.Data {
			files[name] = string(content)
		}
		return files, nil
	case v.source.Projected != nil:
		return r.readProjected(ctx, pod, v.source.Projected.Sources)
	default:
		return nil, fmt.Errorf("a volume of another kind: %s", v.source.String())
	}
}

func (r *podRun) readConfigMap(ctx context.Context, namespace, name string) (map[string]string, error) {
	m, err := r.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, getting)
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

// readProjected makes what the API server mounts into each pod with a service account: its token, the certificate of
// the authority, and the namespace.
func (r *podRun) readProjected(ctx context.Context, pod *core.Pod, sources []core.VolumeProjection) (map[string]string, error) {
	files := map[string]string{}
	for _, s := range sources {
		switch {
		case s.ServiceAccountToken != nil:
			token, err := r.client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, pod.Spec.ServiceAccountName, &authentication.TokenRequest{
				Spec: authentication.TokenRequestSpec{
					ExpirationSeconds: s.ServiceAccountToken.ExpirationSeconds,
					BoundObjectRef:    &authentication.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
				},
			}, meta.CreateOptions{})
			if err != nil {
				return nil, err
			}
			files[s.ServiceAccountToken.Path] = token.Status.Token
		case s.ConfigMap != nil:
			from, err := r.readConfigMap(ctx, pod.Namespace, s.ConfigMap.Name)
			if err != nil {
				return nil, err
			}
			maps.Copy(files, from)
		case s.DownwardAPI != nil:
			for _, item := range s.DownwardAPI.Items {
				files[item.Path] = r.field(pod, item.FieldRef.FieldPath)
			}
		}
	}
	return files, nil
}
