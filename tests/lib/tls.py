"""tls: a certificate authority of our own and the certificates that a test asks of it."""
import os
import subprocess


def _openssl(*args, input=None):
    done = subprocess.run(["openssl", *args], input=input, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr}")


class Authority:
    def __init__(self, directory):
        self.directory, self.count = directory, 0
        self.ca_file = os.path.join(directory, "ca.pem")
        self.ca_key = os.path.join(directory, "ca.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-keyout", self.ca_key, "-out", self.ca_file, "-days", "2",
                 "-subj", "/CN=Lifeboat test authority")

    def certificate(self, names=("localhost", "127.0.0.1"), days=2):
        """Returns the paths of a certificate and its key; days=-1 gives an expired one."""
        self.count += 1
        stem = os.path.join(self.directory, f"server-{self.count}")
        alt = ",".join(("IP:" if n.replace(".", "").isdigit() else "DNS:") + n for n in names)
        _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-keyout", stem + ".key", "-out", stem + ".csr",
                 "-subj", f"/CN={names[0]}")
        with open(stem + ".ext", "w", encoding="ascii") as f:
            f.write(f"subjectAltName={alt}\n")
        _openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.ca_file, "-CAkey", self.ca_key,
                 "-CAcreateserial", "-days", str(days), "-extfile", stem + ".ext",
                 "-out", stem + ".pem")
        os.chmod(stem + ".key", 0o644)
        return stem + ".pem", stem + ".key"
